import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres.js';

/** An embedded PostgreSQL on a temporary folder, which is removed at its end. */
export async function startThrowAwayPostgres(settings: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bookstore-postgres-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const started = startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: false, settings });
  started.catch(remove);
  const { url, stop } = await started;
  return { url, stop: () => stop().finally(remove) };
}
