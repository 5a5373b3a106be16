import { randomUUID } from 'node:crypto';
import {
  type Author,
  AuthorServiceClient,
  AuthorServiceService,
  type Book,
  BookServiceClient,
  BookServiceService,
  type CreateAuthorRequest,
  type CreateBookRequest,
  ErrorInfo,
  RetryInfo,
  Status,
} from '@bookstore/proto';
import { credentials, type handleUnaryCall, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../src/sandbox-error.js';
import { catalogue } from '../src/seed/catalogue.js';
import { type LoadOptions, load } from '../src/seed/load.js';
import { LoadReport } from '../src/seed/report.js';
import type { SeedSource } from '../src/seed/source.js';
import { synthetic } from '../src/seed/synthetic.js';
import type { Target } from '../src/seed/target.js';

/** A failure with the contract's details. */
function failure(code: status, reason: string, retryAfterMs?: number) {
  const any = (type: string, message: Uint8Array) => ({
    typeUrl: `type.googleapis.com/google.rpc.${type}`,
    value: Buffer.from(message),
  });
  const details = [any('ErrorInfo', ErrorInfo.encode({ reason, domain: 'bookstore', metadata: {} }).finish())];
  if (retryAfterMs !== undefined) {
    const retryDelay = { seconds: Math.floor(retryAfterMs / 1_000), nanos: (retryAfterMs % 1_000) * 1e6 };
    details.push(any('RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode({ code, message: reason, details }).finish()));
  return { code, details: reason, metadata };
}

type Trouble = ReturnType<typeof failure> | { code: status; details: string };

/** Both services in memory, on a real socket: what a create with a request_id does, and trouble on demand. */
class FakeBookstore {
  readonly authors = new Map<string, Author>();
  readonly books = new Map<string, Book>();
  readonly calls: { at: number; token: unknown; deadline: unknown }[] = [];
  /** Decides about each call, by its number, before it is looked at. */
  trouble: (call: number) => Trouble | undefined = () => undefined;
  /** As `trouble`, but the call is carried out all the same and only its answer is lost. */
  lostAnswer: (call: number) => boolean = () => false;
  /** Held answers, for a caller that must be found waiting. */
  delayMs = 0;
  inFlight = 0;
  mostInFlight = 0;
  target!: Target;
  readonly #server = new Server();

  async start(): Promise<this> {
    this.#server.addService(AuthorServiceService, this.#onlyCreate(AuthorServiceService, 'createAuthor', this.#author));
    this.#server.addService(BookServiceService, this.#onlyCreate(BookServiceService, 'createBook', this.#book));
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const address = `127.0.0.1:${port}`;
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer a.b.c');
    this.target = {
      authorAddress: address,
      bookAddress: address,
      authors: new AuthorServiceClient(address, credentials.createInsecure()),
      books: new BookServiceClient(address, credentials.createInsecure()),
      metadata,
    };
    return this;
  }

  stop(): void {
    this.target.authors.close();
    this.target.books.close();
    this.#server.forceShutdown();
  }

  #author = ({ name, email, requestId }: CreateAuthorRequest): Author | Trouble => {
    const taken = [...this.authors].some(([id, author]) => id !== requestId && author.email === email);
    if (taken) return failure(status.ALREADY_EXISTS, 'EMAIL_TAKEN');
    return kept(this.authors, requestId, { name, email });
  };

  #book = ({ title, authorId, publishedYear, requestId }: CreateBookRequest): Book | Trouble => {
    const known = [...this.authors.values()].some(({ id }) => id === authorId);
    if (!known) return failure(status.NOT_FOUND, 'AUTHOR_NOT_FOUND');
    return kept(this.books, requestId, { title, authorId, publishedYear });
  };

  #onlyCreate<Q, A>(service: object, method: string, create: (request: Q) => A | Trouble) {
    const handler: handleUnaryCall<Q, A> = (call, answer) => {
      const number = this.calls.length;
      this.calls.push({ at: Date.now(), token: call.metadata.get('authorization')[0], deadline: call.getDeadline() });
      this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
      const respond = () => {
        this.inFlight--;
        const result = this.trouble(number) ?? create(call.request);
        if (this.lostAnswer(number)) answer({ code: status.UNAVAILABLE, details: 'the connection was lost' });
        else if (isTrouble(result)) answer(result);
        else answer(null, result);
      };
      setTimeout(respond, this.delayMs);
    };
    const others = Object.keys(service).map((name) => [name, (_: unknown, answer: (e: object) => void) => answer({})]);
    return { ...Object.fromEntries(others), [method]: handler };
  }
}

function isTrouble(result: unknown): result is Trouble {
  return typeof result === 'object' && result !== null && 'code' in result;
}

function kept<T>(map: Map<string, T>, requestId: string, content: Omit<T, 'id' | 'createdAt'>): T {
  const resource = map.get(requestId) ?? ({ ...content, id: randomUUID(), createdAt: new Date().toISOString() } as T);
  map.set(requestId, resource);
  return resource;
}

let bookstore: FakeBookstore;

beforeEach(async () => {
  bookstore = await new FakeBookstore().start();
});
afterEach(() => bookstore.stop());

/** Loads into the fake bookstore and returns the report; `options` say what differs. */
async function loaded(source: SeedSource, options: Partial<LoadOptions> = {}): Promise<LoadReport> {
  const report = new LoadReport(source);
  const signal = new AbortController().signal;
  await load(source, bookstore.target, report, { concurrency: 32, signal, ...options });
  return report;
}

/** Lets the clock tick, since what is created within one millisecond has no order. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() === now) await new Promise(setImmediate);
}

describe('loading', () => {
  it('puts everything in, each book with its author, with a deadline and the token on every call', async () => {
    const report = await loaded(catalogue);

    expect(report.authors).toEqual({ created: catalogue.authorCount, alreadyThere: 0, refused: 0 });
    expect(report.books).toEqual({ created: catalogue.bookCount, alreadyThere: 0, refused: 0 });
    expect(report.calls).toBe(catalogue.authorCount + catalogue.bookCount);
    const emails = new Map([...bookstore.authors.values()].map(({ id, email }) => [id, email]));
    const found = [...bookstore.books.values()].map(
      (book) => `${emails.get(book.authorId)} ${book.title} ${book.publishedYear}`,
    );
    const wanted = Array.from(catalogue.books(), (book) => `${book.authorEmail} ${book.title} ${book.publishedYear}`);
    expect(found.toSorted()).toEqual(wanted.toSorted());
    for (const { at, token, deadline } of bookstore.calls) {
      expect(token).toBe('Bearer a.b.c');
      expect(Number(deadline) - at).toSatisfy((ms: number) => ms > 0 && ms <= 10_500);
    }
    expect(bookstore.mostInFlight).toBeLessThanOrEqual(32);
  });

  it('adds nothing the second time, and can tell', async () => {
    const source = synthetic(10, 60);
    await loaded(source);
    await nextMillisecond();
    const report = await loaded(source);

    expect([bookstore.authors.size, bookstore.books.size]).toEqual([10, 60]);
    expect(report.authors).toEqual({ created: 0, alreadyThere: 10, refused: 0 });
    expect(report.books).toEqual({ created: 0, alreadyThere: 60, refused: 0 });
    expect(`${report}`).toMatch(
      /^10 authors \(0 created, 10 already there\), 60 books \(0 created, 60 already there\), [\d.]+ s, \d+ calls\/s$/,
    );
  });

  it('puts everything in once while calls are limited, fail and lose their answers', async () => {
    bookstore.trouble = (call) => {
      if (call % 10 === 3) return failure(status.RESOURCE_EXHAUSTED, 'RATE_LIMITED', 10);
      if (call % 13 === 5) return failure(status.UNAVAILABLE, 'DATABASE_UNAVAILABLE');
      return call % 17 === 8 ? { code: status.DEADLINE_EXCEEDED, details: 'too late' } : undefined;
    };
    bookstore.lostAnswer = (call) => call % 11 === 1;
    const source = synthetic(25, 120);
    const report = await loaded(source);

    expect([bookstore.authors.size, bookstore.books.size]).toEqual([25, 120]);
    expect([report.authors.created, report.books.created]).toEqual([25, 120]);
    expect(report.calls).toBe(bookstore.calls.length);
    expect(report.calls).toBeGreaterThan(170);
  });

  it('sends nothing before the time that a limit asks for is over', async () => {
    bookstore.trouble = (call) => (call === 0 ? failure(status.RESOURCE_EXHAUSTED, 'RATE_LIMITED', 300) : undefined);
    await loaded(synthetic(3, 3), { concurrency: 1 });

    const [refused, next] = bookstore.calls;
    expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(295);
  });

  it('tells of an address that another author has, leaves out the books, and adds the rest', async () => {
    const source = synthetic(10, 60);
    const [first] = source.authors();
    const createdAt = new Date().toISOString();
    bookstore.authors.set('other', { id: randomUUID(), name: 'Other', email: first?.email ?? '', createdAt });
    const report = await loaded(source);

    expect(report.incomplete).toBe(true);
    expect(report.problemLines()).toEqual([
      `${first?.name} and the books are not added: another author has the address author-000000@synthetic.example.com`,
    ]);
    expect(report.authors).toEqual({ created: 9, alreadyThere: 0, refused: 1 });
    expect(report.books).toEqual({ created: 54, alreadyThere: 0, refused: 6 });
    expect(`${report}`).toMatch(/^9 of 10 authors \(9 created, 0 already there, 1 refused\), 54 of 60 books/);
  });

  it('tells ten books that are refused, and counts the others', async () => {
    bookstore.trouble = (call) => (call >= 3 ? failure(status.NOT_FOUND, 'AUTHOR_NOT_FOUND') : undefined);
    const report = await loaded(synthetic(3, 25));

    expect(report.books.refused).toBe(25);
    expect(report.problemLines()).toHaveLength(11);
    expect(report.problemLines()[0]).toMatch(
      /^the book "The .+" \(author-00000\d@.+\) is not added: the author has been deleted meanwhile$/,
    );
    expect(report.problemLines()[10]).toBe('and 15 more like these');
  });

  it.each([
    [
      failure(status.UNAUTHENTICATED, 'CREDENTIALS_MISSING'),
      /^\S+ wants valid credentials \(UNAUTHENTICATED, CREDENTIALS_MISSING: .+\): give a token/,
    ],
    [failure(status.PERMISSION_DENIED, 'SCOPE_MISSING'), /it needs the scopes authors:write and books:write$/],
    [{ code: status.UNIMPLEMENTED, details: 'what?' }, /^what answers at \S+ is another service/],
    [{ code: status.INTERNAL, details: 'a\nb\u001b[31m' }, /\(INTERNAL: a b \[31m\): see the service's log$/],
  ])('ends at once, in one line, when going on makes no sense (%#)', async (trouble, message) => {
    bookstore.trouble = () => trouble;
    const ended = loaded(catalogue);

    await expect(ended).rejects.toThrow(SandboxError);
    await expect(ended).rejects.toThrow(message);
    expect(bookstore.calls.length).toBeLessThanOrEqual(32);
  });

  it('gives up on a service that takes nothing for too long', async () => {
    bookstore.trouble = () => failure(status.UNAVAILABLE, 'DATABASE_UNAVAILABLE');
    const ended = loaded(catalogue, { troubleMs: 300 });

    await expect(ended).rejects.toThrow(SandboxError);
    await expect(ended).rejects.toThrow(
      /^127\.0\.0\.1:\d+ has taken nothing for 0 s \(UNAVAILABLE, DATABASE_UNAVAILABLE/,
    );
  });

  it('does not begin a wait that is longer than its patience', async () => {
    bookstore.trouble = () => failure(status.RESOURCE_EXHAUSTED, 'RATE_LIMITED', 3_600_000);
    await expect(loaded(catalogue)).rejects.toThrow(/RESOURCE_EXHAUSTED, RATE_LIMITED/);
  });

  it('says where nothing answers', async () => {
    bookstore.stop();
    const address = bookstore.target.authorAddress;
    const gone = { ...bookstore.target, authors: new AuthorServiceClient(address, credentials.createInsecure()) };
    const options = { concurrency: 4, signal: new AbortController().signal, troubleMs: 300 };
    await expect(load(catalogue, gone, new LoadReport(catalogue), options)).rejects.toThrow(
      `nothing answers at ${address}: start the bookstore with \`npm start\` or \`docker compose up\``,
    );
    gone.authors.close();
  });

  it('lets calls in flight end when stopped, begins no other, and goes on the next time', async () => {
    bookstore.delayMs = 5;
    const stop = new AbortController();
    const source = synthetic(20, 400);
    bookstore.trouble = (call) => {
      if (call === 100) stop.abort();
      return undefined;
    };
    const stopped = await loaded(source, { signal: stop.signal, concurrency: 8 });

    expect(stopped.books.created).toBe(bookstore.books.size);
    expect(bookstore.calls.length).toBeLessThanOrEqual(109);
    expect(bookstore.inFlight).toBe(0);
    await nextMillisecond();
    bookstore.delayMs = 0;
    const rest = await loaded(source);
    expect(rest.books).toEqual({
      created: 400 - stopped.books.created,
      alreadyThere: stopped.books.created,
      refused: 0,
    });
    expect(bookstore.books.size).toBe(400);
  });

  it('stops at once while it waits for a limit', async () => {
    bookstore.trouble = () => failure(status.RESOURCE_EXHAUSTED, 'RATE_LIMITED', 30_000);
    const began = Date.now();
    const report = await loaded(catalogue, { signal: AbortSignal.timeout(100) });

    expect(Date.now() - began).toBeLessThan(2_000);
    expect(report.done).toBe(0);
  });
});
