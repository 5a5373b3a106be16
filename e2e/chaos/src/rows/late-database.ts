import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HealthClient, until } from '@bookstore/sandbox';
import type { ChaosBookstore } from '../bookstore/chaos-bookstore.js';
import { BookstoreClient } from '../client/bookstore-client.js';
import { labelOf, tally } from '../client/outcome.js';
import type { Finding, Row } from '../row.js';

const require = createRequire(import.meta.url);
const BOOKS = 'book-service';

/** Row 13: the database comes last, lacks a migration, or refuses one. */
export const lateDatabase: Row = {
  number: 13,
  run: async (lab) => {
    await using bookstore = await lab.start();
    return [await databaseLast(bookstore), await halfMigrated(bookstore), await failedMigration(bookstore)];
  },
};

async function databaseLast(bookstore: ChaosBookstore): Promise<Finding> {
  const service = bookstore.services[BOOKS];
  const told = waitsTold(bookstore);
  await service.kill();
  await bookstore.database.stop();
  const serving = service.start();
  using health = new HealthClient(bookstore.addresses.book);
  await until('a line in the log', 20_000, () => waitsTold(bookstore) > told);
  const meanwhile = await health.check('');
  await bookstore.database.start();
  const startedAt = performance.now();
  await serving;
  return {
    fault: 'the database starts after the service',
    promise: 'the service waits, telling so, and then serves',
    measured: `${meanwhile} until then, ${waitsTold(bookstore) - told} lines in its log; serves ${Math.round(performance.now() - startedAt)} ms after`,
    holds: meanwhile === 'NOT_SERVING',
  };
}

async function halfMigrated(bookstore: ChaosBookstore): Promise<Finding> {
  const service = bookstore.services[BOOKS];
  using client = new BookstoreClient(bookstore.addresses);
  using health = new HealthClient(bookstore.addresses.book);
  const told = waitsTold(bookstore);
  await service.kill();
  // As a deploy that is under way, or has failed, leaves it.
  await bookstore.query('books', 'UPDATE _prisma_migrations SET finished_at = NULL');
  const serving = service.start();
  await until('a line in the log', 20_000, () => waitsTold(bookstore) > told);
  const meanwhile = await health.check('');
  const calls = await Promise.all(Array.from({ length: 20 }, () => client.listBooks()));
  await bookstore.query('books', 'UPDATE _prisma_migrations SET finished_at = now()');
  await serving;
  return {
    fault: 'a migration of the database is not finished',
    promise: 'never serves half-migrated',
    measured: `${meanwhile}; calls: ${tally(calls.map(labelOf))}`,
    holds:
      meanwhile === 'NOT_SERVING' && calls.every((outcome) => labelOf(outcome) === 'UNAVAILABLE/DATABASE_UNAVAILABLE'),
  };
}

/** The very program that the image runs, with a migration that PostgreSQL refuses. */
async function failedMigration(bookstore: ChaosBookstore): Promise<Finding> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bookstore-migrations-'));
  const client = await bookstore.connect('books');
  try {
    await mkdir(path.join(folder, '20300101000000_broken'));
    await writeFile(
      path.join(folder, '20300101000000_broken', 'migration.sql'),
      'ALTER TABLE nowhere ADD COLUMN x int;',
    );
    await writeFile(path.join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n');
    await client.query('CREATE DATABASE broken');
    const { user, password, host, port } = client;
    const url = `postgresql://${user}:${encodeURIComponent(String(password))}@${host}:${port}/broken`;
    const { status, output } = await migrate(folder, url);
    const lines = output.split('\n').filter((line) => line.includes('"error"'));
    return {
      fault: 'a migration fails',
      promise: 'a clear error and a status ≠ 0',
      measured: `status ${status}: ${lines.map((line) => String(JSON.parse(line).msg).replace(/\s+/g, ' ').slice(0, 160)).join('; ')}`,
      holds: status !== 0 && /broken/.test(output) && lines.length > 0,
    };
  } finally {
    await client.end();
    await rm(folder, { recursive: true });
  }
}

function migrate(folder: string, url: string): Promise<{ status: number; output: string }> {
  const program = path.join(path.dirname(require.resolve('@bookstore/service-kit')), 'migrate/main.js');
  const env = { PATH: process.env.PATH, DATABASE_URL: url, LOG_FORMAT: 'json' };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, folder], { env }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });
}

const waitsTold = ({ log }: ChaosBookstore): number =>
  log.filter((line) => line.includes('not serving, waiting') && line.includes(`"service":"${BOOKS}"`)).length;
