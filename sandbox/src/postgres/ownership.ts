import { randomInt, randomUUID } from 'node:crypto';
import {
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError } from '../sandbox-error.js';
import { findProcess } from './processes.js';

const HEARTBEAT_MS = 2_000;
/** Past this an owner we cannot look at (another container or host on the same folder) counts as gone. */
const SILENT_MS = 20_000;
const ATTEMPTS = 5;

interface Owner {
  readonly pid: number;
  readonly started?: string | undefined;
  readonly host: string;
}

/**
 * Makes this process the one owner of a data directory until the returned function is called, or it dies.
 *
 * Each claimant writes a file of its own name beside the data and only then looks at the others'. Of two claimants at
 * least the later sees the earlier, so there are never two owners; and since no file is ever taken over, only a dead
 * process's removed, none can be stolen between a look and an act. Two that see each other withdraw and try again.
 *
 * @throws {SandboxError} naming the process that owns the directory
 */
export async function claim(dataDir: string): Promise<() => void> {
  const self: Owner = { pid: process.pid, started: findProcess(process.pid)?.started, host: thisHost() };
  for (let attempt = 1; ; attempt++) {
    const file = `${dataDir}.owner-${randomUUID()}.json`;
    writeFileSync(`${file}.tmp`, JSON.stringify(self));
    renameSync(`${file}.tmp`, file);
    const rival = findRival(dataDir, file);
    if (!rival) return keep(file);
    rmSync(file, { force: true });
    if (attempt === ATTEMPTS) throw inUse(dataDir, rival);
    await sleep(randomInt(10, 60));
  }
}

/** Whether a living process owns this data directory. */
export function isOwned(dataDir: string): boolean {
  return findRival(dataDir) !== undefined;
}

function keep(file: string): () => void {
  const heartbeat = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // The folder was removed under us: nothing is left to own.
    }
  }, HEARTBEAT_MS).unref();
  const release = () => {
    clearInterval(heartbeat);
    process.off('exit', release);
    rmSync(file, { force: true });
  };
  process.once('exit', release);
  return release;
}

function findRival(dataDir: string, own?: string): Owner | undefined {
  const [folder, prefix] = [path.dirname(dataDir), `${path.basename(dataDir)}.owner-`];
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    if (!name.startsWith(prefix) || !name.endsWith('.json') || file === own) continue;
    const owner = read(file);
    if (isAlive(owner, file)) return owner;
    rmSync(file, { force: true });
  }
  return undefined;
}

function read(file: string): Owner {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    // Another user's, or gone meanwhile: only its age can tell.
    return { pid: 0, host: '' };
  }
}

function isAlive(owner: Owner, file: string): boolean {
  if (owner.host !== thisHost()) return isFresh(file);
  const found = findProcess(owner.pid);
  if (!found) return false;
  // A process of the same id need not be the same process.
  if (found.started === undefined || owner.started === undefined) return isFresh(file);
  return found.started === owner.started;
}

function isFresh(file: string): boolean {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written < SILENT_MS;
}

/** Where process ids mean the same: containers share neither their host's nor each other's. */
function thisHost(): string {
  try {
    return `${os.hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return os.hostname();
  }
}

function inUse(dataDir: string, owner: Owner): SandboxError {
  const who = owner.pid === 0 ? 'another user' : `process ${owner.pid}`;
  const where = owner.pid === 0 || owner.host === thisHost() ? '' : ` on ${owner.host.split(' ')[0]}`;
  return new SandboxError(`${dataDir} is in use by ${who}${where}: stop that first, or choose another folder`);
}
