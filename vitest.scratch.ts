import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, statfsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { whenThisProcessIsGone } from './sandbox/src/postgres/when-this-process-is-gone.js';

const MEMORY = '/dev/shm';
/** A run of all tests has up to 2 GiB there at a time. */
const PLENTY_BYTES = 8 * 2 ** 30;
/** For a minute: the servers of a run that was killed end after it, and still write there. */
const REMOVE = 'left=60; while [ -e "$1" ] && [ $left -gt 0 ]; do rm -rf "$1"; sleep 1; left=$((left - 1)); done';

/**
 * Has the temporary files of this process and its children lie in memory, where there is plenty of it: the databases of a
 * run are 70,000 files, made and soon removed again, and some file systems take half a millisecond for each.
 */
export function keepScratchInMemory(): void {
  if (room() < PLENTY_BYTES) return;
  const folder = mkdtempSync(path.join(MEMORY, 'bookstore-tests-'));
  // Some tests are other users, too.
  chmodSync(folder, 0o711);
  whenThisProcessIsGone('remove-scratch', REMOVE, folder);
  if (runsPrograms(folder)) process.env.TMPDIR = folder;
}

function room(): number {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, os.freemem());
  } catch {
    return 0;
  }
}

/** Some hosts forbid it there, and some tests copy PostgreSQL's. */
function runsPrograms(folder: string): boolean {
  const program = path.join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
  return spawnSync(program).status === 0;
}
