import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { migrate } from '@bookstore/service-kit/migrate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../src/bookstore/ports.js';
import { type Bookstore, startBookstore } from '../src/bookstore/start-bookstore.js';
import { WorkTreeCopy } from '../src/testing/work-tree-copy.js';

// Each command runs in a service's folder, as docs/prisma-cli.md has it: with the schema engine of this repository in the
// place of the one that the Prisma CLI would download.

const PRISMA = createRequire(import.meta.url).resolve('prisma/build/index.js');
const SERVICES = ['author-service', 'book-service'];
const DATABASES: Record<string, string> = { 'author-service': 'authors', 'book-service': 'books' };

let copy: WorkTreeCopy;
beforeAll(async () => {
  copy = await WorkTreeCopy.make();
});
afterAll(() => copy[Symbol.asyncDispose]());

interface Result {
  readonly status: unknown;
  readonly output: string;
}

function prisma(service: string, args: string, env: Record<string, string> = {}): Promise<Result> {
  const { PATH = '', HOME = '' } = process.env;
  const options = {
    cwd: path.join(copy.folder, service),
    env: {
      ...{ PATH, HOME, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
      PRISMA_SCHEMA_ENGINE_BINARY: path.join(copy.folder, 'scripts/schema-engine'),
      ...env,
    },
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [PRISMA, ...args.split(' ')], options, (error, stdout, stderr) => {
      resolve({ status: error ? error.code : 0, output: stdout + stderr });
    });
  });
}

const succeeds = (text: string) => ({ status: 0, output: expect.stringContaining(text) });

describe('while no bookstore runs', () => {
  test.each(SERVICES)('what needs no database works: %s', async (service) => {
    expect(await prisma(service, 'validate')).toMatchObject(succeeds('is valid'));
    expect(await prisma(service, 'format --check')).toMatchObject(succeeds('formatted correctly'));
    const client = path.join(copy.folder, service, 'src/generated/prisma/client.ts');
    const before = await readFile(client, 'utf8');
    await writeFile(client, '');
    expect(await prisma(service, 'generate')).toMatchObject(succeeds('Generated Prisma Client'));
    expect(await readFile(client, 'utf8')).toBe(before);
  });

  test('what needs one says which', async () => {
    expect(await prisma('author-service', 'migrate status')).toMatchObject({
      status: 1,
      output: expect.stringContaining('No database: start the bookstore (npm start), or set DATABASE_URL.'),
    });
    expect(
      await prisma('author-service', 'migrate status', { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/elsewhere' }),
    ).toMatchObject({ status: 1, output: expect.stringContaining('127.0.0.1:1') });
  });
});

describe('while the bookstore runs', () => {
  let bookstore: Bookstore;
  let ports: Record<string, string>;
  beforeAll(async () => {
    const [authorPort, bookPort] = [await freePort(), await freePort()];
    ports = { AUTHOR_PORT: String(authorPort), BOOK_PORT: String(bookPort) };
    const dataDir = path.join(copy.folder, '.sandbox');
    bookstore = await startBookstore({ dataDir, authorPort, bookPort, durable: false, onLog: () => {} });
  });
  afterAll(() => bookstore?.stop());

  test.each(SERVICES)('the commands on its database work: %s', async (service) => {
    const { output, status } = await prisma(service, 'migrate status');
    expect(status, output).toBe(0);
    expect(output).toContain(
      `database "${DATABASES[service]}", schema "public" at "127.0.0.1:${bookstore.postgres.port}"`,
    );
    expect(output).toContain('Database schema is up to date!');
    expect(await prisma(service, 'migrate deploy')).toMatchObject(succeeds('No pending migrations'));
    expect(await prisma(service, 'db pull --print')).toMatchObject(succeeds('@@map("'));
    expect(await prisma(service, 'migrate dev')).toMatchObject(succeeds('Already in sync'));
  });

  test('a migration of `migrate dev` is one that the runner knows', async () => {
    const folder = path.join(copy.folder, 'book-service/prisma');
    await appendFile(path.join(folder, 'schema.prisma'), '\nmodel Shelf {\n  id Int @id\n\n  @@map("shelves")\n}\n');
    expect(await prisma('book-service', 'migrate dev --name shelves')).toMatchObject(succeeds('now in sync'));

    const migrationsDir = path.join(folder, 'migrations');
    expect((await readdir(migrationsDir)).filter((name) => name.endsWith('_shelves'))).toHaveLength(1);
    expect(await migrate({ url: bookstore.postgres.url('books'), migrationsDir })).toEqual({ applied: [] });
  });

  test('db seed makes the catalogue', async () => {
    expect(await prisma('author-service', 'db seed', ports)).toMatchObject(succeeds('64 created, 0 already there'));
  });
});
