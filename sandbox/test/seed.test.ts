import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { caFile, makeCredentials, serviceFile } from '@bookstore/dev-credentials';
import { type Author, AuthorServiceService, type Book, BookServiceService } from '@bookstore/proto';
import { Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { announceBookstore } from '../src/bookstore/running-bookstore.js';
import { runProgram } from '../src/run-program.js';
import { readCatalogue } from '../src/seed/catalogue.js';
import { connect } from '../src/seed/connect.js';
import { type DataSet, load, requestId, Tally } from '../src/seed/load.js';
import { madeUpData } from '../src/seed/made-up-data.js';
import { seedOptions } from '../src/seed/options.js';
import { type Peer, refuse, startPeer } from '../src/testing/peer.js';
import { until } from '../src/until.js';

const main = path.join(import.meta.dirname, '../dist/seed/main.js');
const catalogue = readCatalogue();

interface Resource {
  readonly id: string;
  readonly createdAt: string;
}

/** A service in memory that creates once for each request_id. */
class FakeService<T extends Resource> {
  readonly created = new Map<string, T>();
  /** May fail a call, by its number, before anything is created. */
  before: (call: number) => void = () => {};
  /** May fail a call after that, so that only the answer is lost. */
  after: (call: number) => void = () => {};
  peer!: Peer<T & { readonly requestId: string }, T>;

  static async start<T extends Resource>(definition: ServiceDefinition): Promise<FakeService<T>> {
    const service = new FakeService<T>();
    service.peer = await startPeer(definition, (request) => {
      const call = service.peer.received.length;
      service.before(call);
      const resource = service.created.get(request.requestId) ?? {
        ...request,
        id: randomUUID(),
        createdAt: new Date().toISOString(),
      };
      service.created.set(request.requestId, resource);
      service.after(call);
      return resource;
    });
    return service;
  }
}

let authors: FakeService<Author>;
let books: FakeService<Book>;
beforeEach(async () => {
  authors = await FakeService.start(AuthorServiceService);
  books = await FakeService.start(BookServiceService);
});
afterEach(() => {
  authors.peer.stop();
  books.peer.stop();
});

const portOf = (address: string) => address.replace(/^.*:/, '');
const ports = () => ({ AUTHOR_PORT: portOf(authors.peer.address), BOOK_PORT: portOf(books.peer.address) });
const npmRunSeed = (args: readonly string[] = [], env: NodeJS.ProcessEnv = ports()) =>
  runProgram(process.execPath, [main, ...args], { env: { ...process.env, ...env } });

/** What `npm run seed` does with this data, in this process. Returns what became of it. */
async function seed(data: DataSet): Promise<string> {
  const bookstore = await connect(seedOptions([], ports()));
  const progress = { authors: new Tally(), books: new Tally(), onStep: () => {} };
  try {
    await load(data, bookstore, progress);
  } finally {
    bookstore.authors.close();
    bookstore.books.close();
  }
  return `Authors: ${progress.authors}. Books: ${progress.books}.`;
}

/** Each book with its author. */
const booksOf = (data: DataSet) =>
  Array.from(data.books, (book) => `${book.authorEmail} ${book.title} ${book.publishedYear}`).sort();
const createdBooks = () => {
  const emails = new Map([...authors.created.values()].map(({ id, email }) => [id, email]));
  return [...books.created.values()].map((book) => `${emails.get(book.authorId)} ${book.title} ${book.publishedYear}`);
};

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-seed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('npm run seed', () => {
  test('adds the catalogue, each book with its author, and nothing the second time', async () => {
    const [authorCount, bookCount] = [catalogue.authors.length, catalogue.books.length];
    const first = await npmRunSeed();
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toContain(
      `Authors: ${authorCount} created, 0 already there. Books: ${bookCount} created, 0 already there.`,
    );
    expect(createdBooks().sort()).toEqual(booksOf(catalogue));

    expect(await seed(catalogue)).toBe(
      `Authors: 0 created, ${authorCount} already there. Books: 0 created, ${bookCount} already there.`,
    );
    expect([authors.created.size, books.created.size]).toEqual([authorCount, bookCount]);
  });

  test('adds everything once while calls are limited, fail, and lose their answers', async () => {
    const metadata = new Metadata();
    metadata.set('grpc-retry-pushback-ms', '20');
    authors.before = (call) => {
      if (call % 3 === 0) throw Object.assign(new Error(), { code: status.RESOURCE_EXHAUSTED, metadata });
    };
    books.before = (call) => call % 7 === 0 && refuse(status.UNAVAILABLE)();
    books.after = (call) => call % 11 === 0 && refuse(status.CANCELLED)();

    await seed(madeUpData(20, 120));
    expect(createdBooks().sort()).toEqual(booksOf(madeUpData(20, 120)));
  });

  test('waits while a service restarts', async () => {
    books.before = (call) => {
      if (call !== 50) return;
      books.before = () => {};
      books.peer.stop();
      setTimeout(() => books.peer.start(), 300);
    };
    await seed(madeUpData(5, 200));
    expect(createdBooks()).toHaveLength(200);
  });

  test('leaves out an author that is refused, with the books, and adds the rest', async () => {
    authors.before = (call) => call === 1 && refuse(status.ALREADY_EXISTS, 'the address is taken')();
    const { status: exitStatus, stdout, stderr } = await npmRunSeed();
    expect(exitStatus).toBe(1);
    expect(stdout).toContain(`Authors: ${catalogue.authors.length - 1} created, 0 already there, 1 refused. Books: `);
    expect(stderr).toBe(
      'npm run seed: not everything was added; the first refusal: the author Homer: ALREADY_EXISTS: the address is taken\n',
    );
    expect(createdBooks().sort()).toEqual(booksOf(catalogue).filter((book) => !book.startsWith('homer@')));
  });

  test('stops at Ctrl-C with a sentence, and the next run continues', async () => {
    const args = ['--authors', '5', '--books', '200'];
    const env = { ...process.env, ...ports() };
    books.before = (call) => call > 50 && refuse(status.UNAVAILABLE)();
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const closed = once(child, 'close');
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    await until('some books', 20_000, () => books.created.size > 20);
    child.kill('SIGINT');
    expect(await closed).toEqual([1, null]);
    expect(stderr).toBe('npm run seed: stopped; the next run continues here\n');
    expect(createdBooks().length).toBeLessThan(200);

    books.before = () => {};
    await seed(madeUpData(5, 200));
    expect(createdBooks().sort()).toEqual(booksOf(madeUpData(5, 200)));
  });
});

describe('npm run seed finds the services', () => {
  test('at AUTHOR_PORT and BOOK_PORT', () => {
    const { addresses } = seedOptions([], { AUTHOR_PORT: '50', BOOK_PORT: '60' });
    expect(addresses).toEqual({ author: '127.0.0.1:50', book: '127.0.0.1:60' });
  });

  test('where npm start listens', async () => {
    const folder = newFolder();
    const services = [
      { name: 'author-service', address: authors.peer.address },
      { name: 'book-service', address: books.peer.address },
    ];
    announceBookstore(folder, { services, postgresPort: 0 });
    expect(await npmRunSeed(['--authors', '2'], { SANDBOX_DIR: folder })).toMatchObject({ status: 0 });
    expect(createdBooks()).toHaveLength(20);
  });
});

describe('npm run seed says in one line', () => {
  const fails = async (args?: readonly string[], env?: NodeJS.ProcessEnv) => {
    const { status: exitStatus, stderr } = await npmRunSeed(args, env);
    expect(exitStatus).toBe(1);
    expect(stderr).toMatch(/^npm run seed: .*\n$/);
    return stderr;
  };

  test('that nothing answers, within 3 s, and what moves it', async () => {
    books.peer.stop();
    const beforeStart = performance.now();
    await fails(['--unknown']);
    const startedAt = performance.now();
    // A slow machine takes longer to load the program.
    const loadMs = startedAt - beforeStart;
    expect(await fails()).toContain(
      `nothing answers at ${books.peer.address}: start the bookstore with npm start or docker compose up, or set AUTHOR_PORT and BOOK_PORT`,
    );
    expect(performance.now() - startedAt - loadMs).toBeLessThan(3000);
  });

  test.each([
    [status.UNAUTHENTICATED, 'set BOOKSTORE_TOKEN'],
    [status.PERMISSION_DENIED, 'needs the scopes authors:write and books:write'],
    [status.UNIMPLEMENTED, 'check AUTHOR_PORT and BOOK_PORT'],
    [status.INTERNAL, 'the log of the service says why'],
  ])('what to do about status %i', async (code, advice) => {
    authors.before = refuse(code, 'two\nlines');
    const { message } = await seed(catalogue).then(
      () => expect.unreachable('it ended'),
      (error: Error) => error,
    );
    expect(message).toContain(`(${status[code]}: two lines)`);
    expect(message).toContain(advice);
  });

  test('that nothing answers with TLS, or without, and why', async () => {
    const [folder, other] = [newFolder(), newFolder()];
    await Promise.all([folder, other].map((each) => makeCredentials(each, ['author-service'])));
    const read = (name: string) => readFileSync(serviceFile(folder, 'author-service', name));
    const server = createSecureServer({ cert: read('tls.crt'), key: read('tls.key') });
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const port = String((server.address() as AddressInfo).port);
    const secured = { AUTHOR_PORT: port, BOOK_PORT: port };

    expect(await fails([], secured)).toMatch(/nothing answers at 127.0.0.1:\d+: .* or --ca/);
    expect(await fails(['--ca', caFile(other)], secured)).toMatch(/localhost:\d+: .* or --ca .*certificate/);
    expect(await fails(['--ca', caFile(folder)])).toMatch(/localhost:\d+: .* or --ca .*wrong version number/);
  });

  test('that the certificate authority cannot be read', async () => {
    expect(await fails(['--ca', '/nowhere'])).toContain('cannot use the certificate authority of --ca');
  });
});

test.each([
  [['--wrong'], "Unknown option '--wrong'"],
  [['--authors', '1e3'], '--authors takes a whole number'],
])('the options %j are refused', (args, message) => {
  expect(() => seedOptions(args)).toThrow(message);
});

test('a token that is none is refused, and not shown', () => {
  expect(() => seedOptions([], { BOOKSTORE_TOKEN: 'a\nb' })).toThrow(/^the token has characters that no JWT has$/);
});

describe('the data', () => {
  test('has the same request ids in each version, or it would be added to each bookstore twice', () => {
    expect(requestId('author', 'Homer', 'homer@example.com')).toBe('f255cac2-dca1-5ea2-ae80-01c1ce55f7e7');
    expect(requestId('book', 'homer@example.com', 'Iliad', -750)).toBe('c8bed375-4d0c-5ade-b0e7-00f56d301ee5');
  });

  test('of the catalogue has books for each author, oldest first, in one Unicode form', () => {
    const years = new Map<string, number[]>();
    for (const { authorEmail, publishedYear, title } of catalogue.books) {
      years.set(authorEmail, [...(years.get(authorEmail) ?? []), publishedYear]);
      expect(title).toBe(title.normalize('NFC'));
    }
    expect(years.size).toBe(catalogue.authors.length);
    for (const own of years.values()) expect(own).toEqual(own.toSorted((a, b) => a - b));
  });

  test('that is made up gives the first author a tenth of the books, and a few authors most of the rest', () => {
    const counts = new Array<number>(1000).fill(0);
    const { authors, books } = madeUpData(1000, 20_000);
    const emails = Array.from(authors, ({ email }) => email);
    for (const { authorEmail } of books) {
      const author = emails.indexOf(authorEmail);
      counts[author] = (counts[author] ?? 0) + 1;
    }
    expect(counts[0]).toBeCloseTo(2000, -2);
    const ofTheNextTen = counts.slice(1, 11).reduce((sum, count) => sum + count);
    expect(ofTheNextTen / 18_000).toBeGreaterThan(0.12);
  });
});
