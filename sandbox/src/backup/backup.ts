import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { SandboxError } from '../sandbox-error.js';
import { type Dump, MANIFEST, type Manifest, measure } from './manifest.js';
import { containersOf, isStopped, requireStack, withoutServices } from './stack.js';
import { AUTHORS, BOOKS, type StackDatabase } from './stack-database.js';

export interface BackupOptions {
  /** The backup becomes a folder in this one, named by the time. */
  readonly into: string;
  readonly onStep: (what: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Dumps both databases of the Docker Compose stack so that they fit together. Neither order of two dumps is safe by
 * itself, so the author service is stopped meanwhile: no author appears or disappears, and known authors' books go on. A
 * deletion that is under way is in the dump as such, and is settled after a restore.
 *
 * @returns the folder, which appears under its name only when it is complete
 * @throws SandboxError that says what is in the way; the author service runs again all the same
 */
export async function backup({ into, onStep, signal }: BackupOptions): Promise<string> {
  await requireStack();
  const folder = path.join(into, new Date().toISOString().replace(/[:.]/g, '-'));
  const unfinished = `${folder}.unfinished`;
  makeFolder(unfinished);
  try {
    await withoutServices(['author-service'], onStep, async () => {
      await dumpBoth(unfinished, signal);
      if (!(await containersOf('author-service')).every(({ state }) => isStopped(state)))
        throw new SandboxError('somebody started the author service meanwhile: try again');
    });
    signal.throwIfAborted();
    const databases = { authors: await describe(AUTHORS, unfinished), books: await describe(BOOKS, unfinished) };
    const manifest: Manifest = { format: 1, madeAt: new Date().toISOString(), bookstore: await version(), databases };
    await writeSynced(path.join(unfinished, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    renameSync(unfinished, folder);
    onStep(`authors: ${databases.authors.bytes} bytes, books: ${databases.books.bytes} bytes`);
    return folder;
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw signal.aborted ? new SandboxError('stopped; there is no backup', { cause: error }) : error;
  }
}

async function dumpBoth(folder: string, signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const dumps = [AUTHORS, BOOKS].map((database) =>
    dumpTo(database, fileOf(database, folder), AbortSignal.any([signal, failed.signal])).catch((error) => {
      failed.abort();
      throw error;
    }),
  );
  await Promise.all(dumps);
}

async function dumpTo(database: StackDatabase, name: string, signal: AbortSignal): Promise<void> {
  const file = await open(name, 'wx', 0o600);
  try {
    await database.dump(file.fd, signal);
    await file.sync();
  } finally {
    await file.close();
  }
}

const fileOf = (database: StackDatabase, folder: string) => path.join(folder, `${database.name}.dump`);

async function describe(database: StackDatabase, folder: string): Promise<Dump> {
  const file = fileOf(database, folder);
  return { file: path.basename(file), ...(await measure(file)), ...(await database.versions()) };
}

async function version(): Promise<string> {
  return JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')).version;
}

/** For this user alone: it will hold people's addresses. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SandboxError(`the folder ${folder} cannot be made (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function writeSynced(name: string, content: string): Promise<void> {
  const file = await open(name, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
