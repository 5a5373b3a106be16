import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { whenThisProcessIsGone } from './when-this-process-is-gone.js';

/** For a while: the server ends after this process, and still writes there. */
const REMOVE = 'left=20; while [ -e "$1" ] && [ $left -gt 0 ]; do rm -rf "$1"; sleep 0.5; left=$((left - 1)); done';

/** An embedded PostgreSQL on a temporary folder, which is removed at its end. */
export async function startThrowAwayPostgres(settings: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bookstore-test-postgres-'));
  const release = whenThisProcessIsGone('remove-postgres', REMOVE, folder);
  const remove = () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    release();
  };
  try {
    const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: false, settings });
    return { url: server.url, stop: () => server.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
