import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const MEMORY = '/dev/shm';
const PREFIX = 'bookstore-tests-';
/** A run of all tests needs up to 2 GiB. */
const ENOUGH_BYTES = 8 * 2 ** 30;

/**
 * Keeps the temporary files of this process and its children in memory, where there is enough of it. The databases of a
 * run are 70,000 files, and some file systems take half a millisecond for each.
 */
export function keepScratchInMemory(): void {
  if (freeMemory() < ENOUGH_BYTES) return;
  removeAbandoned();
  const folder = path.join(MEMORY, `${PREFIX}${process.pid}`);
  mkdirSync(folder, { recursive: true });
  // Some tests run programs as another user.
  chmodSync(folder, 0o711);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  if (canRunPrograms(folder)) process.env.TMPDIR = folder;
}

function freeMemory(): number {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, os.freemem());
  } catch {
    return 0;
  }
}

/** Removes what runs that were killed have left. */
function removeAbandoned(): void {
  for (const name of readdirSync(MEMORY)) {
    if (!name.startsWith(PREFIX) || existsSync(path.join('/proc', name.slice(PREFIX.length)))) continue;
    try {
      rmSync(path.join(MEMORY, name), { recursive: true, force: true });
    } catch {
      // It is another user's.
    }
  }
}

/** Some hosts forbid it there, and some tests copy PostgreSQL's programs. */
function canRunPrograms(folder: string): boolean {
  const program = path.join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
  return spawnSync(program).status === 0;
}
