import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newEmail } from '../src/client/samples.js';
import { startChromium } from '../src/grpcui/chromium.js';
import { GrpcuiPage } from '../src/grpcui/grpcui-page.js';
import { NpmRunGrpcui } from '../src/grpcui/npm-run-grpcui.js';
import { newPlace } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

const URSULA = { name: 'Ursula K. Le Guin', email: newEmail() };

let place: Awaited<ReturnType<typeof newPlace>>;
let bookstore: NpmStart;
let grpcui: NpmRunGrpcui;
let browser: Browser;
let authors: GrpcuiPage;
let books: GrpcuiPage;

beforeAll(async () => {
  place = await newPlace();
  bookstore = new NpmStart(place);
  await bookstore.serves();
  grpcui = await NpmRunGrpcui.in(place);
  const urls = await grpcui.opened();
  browser = await startChromium();
  authors = await GrpcuiPage.open(browser, urls.authors);
  books = await GrpcuiPage.open(browser, urls.books);
});
afterAll(async () => {
  await browser?.close();
  await grpcui?.[Symbol.asyncDispose]();
  await bookstore?.[Symbol.asyncDispose]();
  if (place) await rm(place.dataDir, { recursive: true, force: true });
});

test('each page lists its service and that one’s methods', async () => {
  expect(await authors.services()).toEqual(['bookstore.author.v1.AuthorService', 'grpc.health.v1.Health']);
  expect(await authors.methods()).toEqual(['CreateAuthor', 'DeleteAuthor', 'GetAuthor', 'ListAuthors', 'UpdateAuthor']);
  expect(await books.services()).toEqual(['bookstore.book.v1.BookService', 'grpc.health.v1.Health']);
  expect(await books.methods()).toEqual([
    'CreateBook',
    'DeleteBook',
    'GetBook',
    'GetBooksByAuthor',
    'ListBooks',
    'UpdateBook',
  ]);
});

test('the contract’s comments explain service, method and fields', async () => {
  await books.choose('CreateBook', 'bookstore.book.v1.CreateBookRequest');
  const description = await books.description();
  expect(description).toContain("A book's author exists: for as long as the book does");
  expect(description).toContain('NOT_FOUND (AUTHOR_NOT_FOUND) when the author does not');
  expect(await books.fields()).toEqual({
    title: expect.stringContaining('1 to 200 Unicode code points after trimming'),
    author_id: expect.stringContaining('UUID of an author who exists'),
    published_year: expect.stringContaining('From -3000 to next year'),
    request_id: expect.stringContaining("A UUID of the caller's choice"),
  });
});

describe('calls by clicking', () => {
  let authorId = '';

  // In their order: the author is the book's.
  test('an author is created', async () => {
    await authors.choose('CreateAuthor', 'bookstore.author.v1.CreateAuthorRequest');
    await authors.fill(URSULA);
    await authors.invoke();
    const author = await authors.response();
    expect(author).toMatchObject(URSULA);
    authorId = String(author.id);
  });

  test('a book of that author is created', async () => {
    await books.choose('CreateBook', 'bookstore.book.v1.CreateBookRequest');
    await books.fill({ title: 'The Dispossessed', author_id: authorId, published_year: '1974' });
    // How docs/grpcui.png is made: GRPCUI_SCREENSHOT=docs/grpcui.png npx vitest run --config e2e/grpcui/vitest.config.ts
    if (process.env.GRPCUI_SCREENSHOT) await books.screenshot(process.env.GRPCUI_SCREENSHOT);
    await books.invoke();
    expect(await books.response()).toMatchObject({
      title: 'The Dispossessed',
      author_id: authorId,
      published_year: 1974,
    });
  });

  test('a refusal shows its reason, and what goes with it', async () => {
    await authors.choose('DeleteAuthor', 'bookstore.author.v1.DeleteAuthorRequest');
    await authors.fill({ id: authorId });
    await authors.invoke();
    expect(await authors.error()).toMatchObject({
      status: 'FailedPrecondition',
      details: [
        expect.objectContaining({
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'AUTHOR_HAS_BOOKS',
          domain: 'bookstore',
          metadata: { book_count: '1' },
        }),
      ],
    });
  });

  test('a bad request names each bad field', async () => {
    await books.choose('CreateBook', 'bookstore.book.v1.CreateBookRequest');
    await books.fill({ title: ' ', author_id: 'nobody', published_year: '0' });
    await books.invoke();
    const { status, details } = await books.error();
    expect(status).toBe('InvalidArgument');
    const badRequest = details.find((detail) => detail['@type'] === 'type.googleapis.com/google.rpc.BadRequest');
    const violations = badRequest?.field_violations as { field: string }[] | undefined;
    expect(violations?.map(({ field }) => field)).toEqual(['title', 'author_id', 'published_year']);
  });
});

test('Ctrl-C closes both pages, with status 0', async () => {
  const urls = await grpcui.opened();
  grpcui.interrupt();
  expect(await grpcui.ended, grpcui.stderr).toBe(0);
  for (const url of Object.values(urls)) await expect(fetch(url)).rejects.toThrow('fetch failed');
});
