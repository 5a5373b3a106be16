import '../postgres/ignore-pg-variables.js';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { migrate } from '@bookstore/service-kit/migrate';
import { runCommand } from '../command.js';
import { startThrowAwayPostgres } from '../postgres/throw-away-postgres.js';
import { SandboxError } from '../sandbox-error.js';
import { diffToSchema } from './schema-engine.js';

/**
 * `npm run new-migration -- SERVICE NAME`: writes a service's next migration, as `prisma migrate dev --create-only` does:
 * one for SQL of your own where the schema is the same. It compares the schema with a database that has all migrations so
 * far, on a PostgreSQL of its own.
 */
await runCommand('new-migration', async (stop) => {
  const [service, name = '', more] = parseArgs({ allowPositionals: true }).positionals;
  if (service === undefined || !/^[a-z0-9_]+$/.test(name) || more !== undefined) {
    throw new SandboxError('usage: new-migration <service folder> <name, of a-z 0-9 _>');
  }
  const schemaFile = path.join(service, 'prisma/schema.prisma');
  const schema = await readFile(schemaFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SandboxError(`${schemaFile} cannot be read (${error.code}): is there such a service?`);
  });
  const migrations = path.join(service, 'prisma/migrations');
  const sql = await compare(migrations, schema);
  if (stop.aborted) throw new SandboxError('stopped; nothing is written');
  const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = path.join(migrations, `${timestamp}_${name}`);
  await mkdir(folder);
  await writeFile(path.join(folder, 'migration.sql'), sql ?? '-- This is an empty migration.\n');
  console.log(`wrote ${path.join(folder, 'migration.sql')}${sql === undefined ? ': the schema is the same' : ''}`);
  if (/\bDROP (TABLE|COLUMN)\b/.test(sql ?? '')) {
    console.log('It deletes data. For a column that has only a new name, write ALTER TABLE ... RENAME COLUMN instead.');
  }
});

/** @returns the SQL from what the migrations make to what the schema says; undefined where that is the same */
async function compare(migrationsDir: string, schema: string): Promise<string | undefined> {
  await mkdir(migrationsDir, { recursive: true });
  const postgres = await startThrowAwayPostgres();
  try {
    const entries = await readdir(migrationsDir, { withFileTypes: true });
    if (entries.some((entry) => entry.isDirectory())) await migrate({ url: postgres.url(), migrationsDir });
    return await diffToSchema(postgres.url(), schema);
  } catch (error) {
    throw new SandboxError((error as Error).message, { cause: error });
  } finally {
    await postgres.stop();
  }
}
