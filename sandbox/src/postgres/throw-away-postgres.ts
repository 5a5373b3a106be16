import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { isOwned } from './ownership.js';

const PREFIX = 'bookstore-test-postgres-';
/** Between making a folder and owning it. */
const YOUNG_MS = 60_000;

/** An embedded PostgreSQL on a folder that goes away with it. */
export async function startThrowAwayPostgres(settings: Readonly<Record<string, string>>) {
  removeForgotten();
  const folder = mkdtempSync(path.join(os.tmpdir(), PREFIX));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: false, settings });
    return { url: server.url, stop: () => server.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The folders of runs that were killed; their servers have ended with them. */
function removeForgotten(): void {
  for (const name of readdirSync(os.tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = path.join(os.tmpdir(), name);
    try {
      const isYoung = Date.now() - statSync(folder).mtimeMs < YOUNG_MS;
      if (!isYoung && !isOwned(path.join(folder, 'data'))) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or just being removed by another run.
    }
  }
}
