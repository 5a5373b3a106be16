import { open } from 'node:fs/promises';
import path from 'node:path';
import { SandboxError } from '../sandbox-error.js';
import { compose } from './docker.js';
import { type Dump, readBackup } from './manifest.js';
import { requireStack, withoutServices } from './stack.js';
import { AUTHORS, BOOKS, type StackDatabase } from './stack-database.js';

export interface RestoreOptions {
  /** A backup's. */
  readonly folder: string;
  readonly onStep: (what: string) => void;
  readonly signal: AbortSignal;
}

const BOTH = [AUTHORS, BOOKS];

/**
 * Puts a backup in place of what the stack's databases hold. Both dumps are read into new databases first, and take the
 * old ones' place only when both are complete: two halves of different backups would break the promise, and a backup of
 * an older schema would not fit over a newer one. The migrations then bring it up to date and grant the roles theirs.
 *
 * @throws SandboxError that says what is in the way, and the services then run on what was there before; or that the
 *   two halves do not fit, and the services run on those
 */
export async function restore({ folder, onStep, signal }: RestoreOptions): Promise<void> {
  const { databases, madeAt } = await readBackup(folder);
  await requireStack();
  for (const database of BOTH) await requireVersion(database, databases[database.name]);
  onStep(`the backup of ${madeAt} is whole`);
  await withoutServices(['author-service', 'book-service'], onStep, async () => {
    try {
      for (const database of BOTH) await load(database, path.join(folder, databases[database.name].file), signal);
      signal.throwIfAborted();
      await replace(onStep);
    } catch (error) {
      throw signal.aborted ? new SandboxError('stopped; nothing has been restored', { cause: error }) : error;
    } finally {
      await Promise.allSettled(BOTH.map((database) => database.dropLoaded()));
    }
    await compare();
    onStep('the two halves fit');
  });
}

async function requireVersion(database: StackDatabase, { postgres }: Dump): Promise<void> {
  const server = (await database.versions()).postgres;
  if (Number.parseInt(server, 10) < Number.parseInt(postgres, 10))
    throw new SandboxError(`the backup is of PostgreSQL ${postgres}, and ${database.name} runs on the older ${server}`);
}

async function load(database: StackDatabase, dump: string, signal: AbortSignal): Promise<void> {
  const file = await open(dump, 'r');
  try {
    await database.load(file.fd, signal);
  } finally {
    await file.close();
  }
}

/** All or nothing: what fails here takes the old databases back. */
async function replace(onStep: RestoreOptions['onStep']): Promise<void> {
  const swapped: StackDatabase[] = [];
  try {
    for (const database of BOTH) {
      await database.swapIn();
      swapped.push(database);
    }
    onStep('both databases are in place; migrations');
    for (const { migrate } of BOTH) await compose(['run', '--rm', '-T', '--no-deps', migrate]);
  } catch (error) {
    for (const database of swapped) await database.swapBack();
    throw error;
  }
  for (const database of BOTH) await database.dropAside();
}

/** Compares the halves while no service writes: each live reference needs its author, and no ACTIVE author is closed. */
async function compare(): Promise<void> {
  const authors = new Set(await AUTHORS.column('SELECT id FROM authors'));
  const active = new Set(await AUTHORS.column("SELECT id FROM authors WHERE state = 'ACTIVE'"));
  const live = await BOOKS.column('SELECT author_id FROM author_refs WHERE live');
  const closed = await BOOKS.column('SELECT author_id FROM author_refs WHERE NOT live');
  const broken = [...live.filter((id) => !authors.has(id)), ...closed.filter((id) => active.has(id))];
  if (broken.length > 0)
    throw new SandboxError(
      `restored, but the two halves do not fit: ${broken.length} authors differ, the first is ${broken[0]}; docs/runbook.md says what to do`,
    );
}
