import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { query } from '@bookstore/sandbox';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { migrate } from '@bookstore/service-kit/migrate';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { services } from '../../scripts/services.mjs';
import { newPlace, type Place } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

// Each command runs in a service's folder, as docs/prisma-cli.md has it: with the schema engine of this repository in
// the place of the one that the Prisma CLI would download.

const PRISMA = createRequire(import.meta.url).resolve('prisma/build/index.js');

let copy: WorkTreeCopy;
let place: Place;
beforeAll(async () => {
  copy = await WorkTreeCopy.make();
  place = await newPlace();
});
afterAll(async () => {
  await copy?.[Symbol.asyncDispose]();
  if (place) await rm(place.dataDir, { recursive: true, force: true });
});

function prisma(service: string, args: string, env: NodeJS.ProcessEnv = {}): Promise<object> {
  const options = {
    cwd: path.join(copy.folder, service),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      CHECKPOINT_DISABLE: '1', // it does not report to Prisma that it runs
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      PRISMA_SCHEMA_ENGINE_BINARY: path.join(copy.folder, 'scripts/schema-engine'),
      ...place.env,
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
const fails = (text: string) => ({ status: 1, output: expect.stringContaining(text) });

describe('while no bookstore runs', () => {
  test('what needs no database works', async () => {
    const client = path.join(copy.folder, 'author-service/src/generated/prisma/client.ts');
    const before = await readFile(client, 'utf8');
    await writeFile(client, '');
    const [valid, formatted, generated] = await Promise.all([
      prisma('author-service', 'validate'),
      prisma('author-service', 'format --check'),
      prisma('author-service', 'generate'),
    ]);
    expect(valid).toMatchObject(succeeds('is valid'));
    expect(formatted).toMatchObject(succeeds('formatted correctly'));
    expect(generated).toMatchObject(succeeds('Generated Prisma Client'));
    expect(await readFile(client, 'utf8')).toBe(before);
  });

  test('what needs one says which', async () => {
    const status = (env: NodeJS.ProcessEnv) => prisma('author-service', 'migrate status', env);
    expect(await status({})).toMatchObject(fails('No database: start the bookstore (npm start), or set DATABASE_URL.'));
    expect(await status({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/x' })).toMatchObject(fails('127.0.0.1:1'));
  });
});

describe('while the bookstore runs', () => {
  let start: NpmStart;
  /** As prisma.config.ts finds it. */
  let databaseUrl: (configUrl: string) => string;
  const configOf = (service: string) => pathToFileURL(path.join(copy.folder, service, 'prisma.config.ts')).href;
  beforeAll(async () => {
    start = new NpmStart(place);
    await start.serves();
    vi.stubEnv('SANDBOX_DIR', place.dataDir);
    ({ databaseUrl } = await import(pathToFileURL(path.join(copy.folder, 'scripts/sandbox-database.mjs')).href));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await start?.[Symbol.asyncDispose]();
  });

  test.each(services)('the database of the service is found: $name', async ({ name, database }) => {
    const where = `PostgreSQL database "${database}", schema "public" at "${new URL(databaseUrl(configOf(name))).host}"`;
    expect(await prisma(name, 'migrate status')).toMatchObject(succeeds(where));
  });

  test('the commands on a database work', async () => {
    const [deployed, pulled] = await Promise.all([
      prisma('author-service', 'migrate deploy'),
      prisma('author-service', 'db pull --print'),
    ]);
    expect(deployed).toMatchObject(succeeds('No pending migrations'));
    expect(pulled).toMatchObject(succeeds('@@map("authors")'));
    expect(await prisma('author-service', 'migrate dev')).toMatchObject(succeeds('Already in sync'));
  });

  test('`migrate dev` migrates a new database', async () => {
    const url = databaseUrl(configOf('author-service'));
    await query(url, 'CREATE DATABASE never_migrated');
    const env = { DATABASE_URL: new URL('never_migrated', url).href };
    expect(await prisma('author-service', 'migrate dev', env)).toMatchObject(succeeds('now in sync'));
  });

  test('a migration of `migrate dev` is one that the runner knows', async () => {
    const folder = path.join(copy.folder, 'book-service/prisma');
    await appendFile(path.join(folder, 'schema.prisma'), '\nmodel Shelf {\n  id Int @id\n\n  @@map("shelves")\n}\n');
    expect(await prisma('book-service', 'migrate dev --name shelves')).toMatchObject(succeeds('now in sync'));

    const migrationsDir = path.join(folder, 'migrations');
    expect((await readdir(migrationsDir)).filter((name) => name.endsWith('_shelves'))).toHaveLength(1);
    expect(await migrate({ url: databaseUrl(configOf('book-service')), migrationsDir })).toEqual({ applied: [] });
  });

  test('db seed makes the catalogue', async () => {
    expect(await prisma('author-service', 'db seed')).toMatchObject(succeeds('64 created, 0 already there'));
  });
});
