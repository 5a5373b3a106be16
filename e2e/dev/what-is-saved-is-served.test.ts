import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { Reflection } from '../src/client/reflection.js';
import { edit } from '../src/start/edit.js';
import { leftRunning } from '../src/start/left-running.js';
import { newPlace } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

/** Longer than a busy machine takes for any of this. */
const LIMIT = { timeout: 30_000 };
const AUTHOR = 'author-service/src/authors/author.ts';
const CONTROLLER = 'author-service/src/authors/authors.controller.ts';

let copy: WorkTreeCopy;
let place: Awaited<ReturnType<typeof newPlace>>;
let dev: NpmStart;
let client: Bookstore;

beforeAll(async () => {
  copy = await WorkTreeCopy.make();
  place = await newPlace();
  dev = new NpmStart(place, copy.folder, 'sandbox/dist/dev/main.js');
  await dev.prints('watching the sources');
  client = connect({ authorAddress: `127.0.0.1:${place.authorPort}`, bookAddress: `127.0.0.1:${place.bookPort}` });
});
afterAll(async () => {
  client?.close();
  await dev?.[Symbol.asyncDispose]();
  await copy?.[Symbol.asyncDispose]();
  if (place) await rm(place.dataDir, { recursive: true, force: true });
});

/** What the author service says of an author who is not there: the line that is edited here. */
const refusal = (): Promise<string> =>
  client.authors.getAuthor({ id: randomUUID() }).then(
    () => 'an author',
    (error: { details: string }) => error.details,
  );

// In their order: each goes on where the one before has ended.
test('a saved line of a service serves, and no call fails on the way', async () => {
  const failed: string[] = [];
  const answers = new Set<string>();
  let calling = true;
  const caller = (async () => {
    while (calling) {
      const answer = await refusal();
      answers.add(answer.replace(/ [\da-f-]{36}$/, ''));
      if (!answer.includes('the id')) failed.push(answer);
    }
  })();
  await edit(copy.folder, AUTHOR, '`no author has', '`nobody has');
  await expect.poll(refusal, LIMIT).toContain('nobody has the id');
  calling = false;
  await caller;
  expect(failed).toEqual([]);
  expect([...answers][0]).toBe('no author has the id');
});

test('a type error is shown while the code before goes on serving, until it is mended', async () => {
  dev.forget();
  await edit(copy.folder, AUTHOR, "'AUTHOR_NOT_FOUND'", '404');
  await dev.prints(' TS2345');
  await dev.prints('what served before goes on');
  expect(dev.stderr + dev.stdout).toContain('author.ts');
  expect(await refusal()).toContain('nobody has the id');
  await edit(copy.folder, AUTHOR, '`nobody has', '`no such author has');
  await edit(copy.folder, AUTHOR, '404', "'AUTHOR_NOT_FOUND'");
  await expect.poll(refusal, LIMIT).toContain('no such author has the id');
});

test('code that compiles and does not start replaces nothing', async () => {
  dev.forget();
  await edit(
    copy.folder,
    AUTHOR,
    'export class AuthorNotFound',
    "throw new Error('no start');\nexport class AuthorNotFound",
  );
  await dev.prints('what served before goes on');
  expect(await refusal()).toContain('no such author has the id');
  await edit(copy.folder, AUTHOR, "throw new Error('no start');\n", '');
  await dev.prints('author.ts: the services run this code already');
});

test('a saved line of the kit serves in both services', async () => {
  dev.forget();
  const from = "export const ERROR_DOMAIN = '";
  await edit(copy.folder, 'service-kit/src/server/to-status.ts', from, `${from}dev.`);
  await dev.prints('author-service: new code serves');
  await dev.prints('book-service: new code serves');
});

test('a new field in a .proto file is generated and served', async () => {
  const reflection = new Reflection(`127.0.0.1:${place.authorPort}`, 'v1');
  const fields = async () => {
    const author = (await reflection.registry()).getMessage('bookstore.author.v1.Author');
    return author?.fields.map(({ name }) => name) ?? [];
  };
  expect(await fields()).not.toContain('nickname');
  const from = '  string created_at = 4;\n';
  const field = '  // What friends say.\n  optional string nickname = 5;\n';
  // A message without a field of its .proto would not compile.
  await edit(
    copy.folder,
    CONTROLLER,
    'toMessage(author);',
    'Object.assign(toMessage(author), { nickname: undefined });',
  );
  await edit(copy.folder, 'proto/bookstore/author/v1/author.proto', from, from + field);
  await expect.poll(() => fields().catch(() => []), LIMIT).toContain('nickname');
  reflection.close();
});

test('a new column and its migration reach the database and the code', async () => {
  dev.forget();
  const migration = path.join(copy.folder, 'author-service/prisma/migrations/20991231000000_nickname');
  await mkdir(migration);
  await writeFile(path.join(migration, 'migration.sql'), 'ALTER TABLE authors ADD COLUMN nickname text;\n');
  await dev.prints('author-service: migrations applied');
  const column = '  email           String\n';
  await edit(copy.folder, 'author-service/prisma/schema.prisma', column, `${column}  nickname        String?\n`);
  await dev.prints('author-service: new code serves');
  const author = { name: 'Ursula', email: `${randomUUID()}@example.com`, requestId: '' };
  expect(await client.authors.createAuthor(author)).toMatchObject({ name: 'Ursula' });
});

test('Ctrl-C ends everything with status 0', async () => {
  dev.interrupt();
  expect(await dev.ended, dev.stderr).toBe(0);
  expect(await leftRunning(place)).toEqual([]);
});
