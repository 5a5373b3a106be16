import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { SandboxError } from '../sandbox-error.js';

/** The unprivileged user a root process runs PostgreSQL as; undefined where PostgreSQL simply runs as the user we are. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/**
 * PostgreSQL refuses to run as root. Data that exists keeps its owner, so that `sudo npm start` and `npm start` can take
 * turns on one folder; new data belongs to `nobody`.
 *
 * @throws {SandboxError} when the folder is another user's, and we are not root
 */
export function serverUserFor(dataDir: string): ServerUser {
  const us = process.getuid?.();
  const owner = statSync(dataDir, { throwIfNoEntry: false });
  if (us === 0) {
    const hasData = existsSync(path.join(dataDir, 'PG_VERSION'));
    return hasData && owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : nobody();
  }
  if (us !== undefined && owner && owner.uid !== us)
    throw new SandboxError(
      `${dataDir} belongs to another user (id ${owner.uid}), and PostgreSQL runs as the owner of its data only; start as that user, or choose another folder`,
    );
  return undefined;
}

function nobody(): { uid: number; gid: number } {
  const [, uid, gid] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readIfThere('/etc/passwd')) ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * What it takes to start one of PostgreSQL's programs on a folder.
 *
 * A root user's checkout often lies beneath a 0700 home that `nobody` cannot enter, and its modes are not ours to change.
 * The child therefore enters the folder while it is still root (its working directory is set before its uid), and
 * names it by the kernel's own link to that directory, which needs no walk from `/`. PostgreSQL never leaves its data
 * directory, so the name holds for all of its processes, as it would not for a plain `.`, which PostgreSQL turns into
 * an absolute path first. Bind mounts, capabilities or a copy elsewhere would each ask more of the machine, and data
 * kept elsewhere would outlive the folder that seems to hold it.
 */
export function runIn(folder: string, user: ServerUser) {
  const byLink = user !== undefined && process.platform === 'linux';
  return {
    folder: byLink ? '/proc/self/cwd' : folder,
    options: {
      cwd: folder,
      env: plainEnvironment(),
      // macOS has `nobody` at -2: spawn wants it signed, chown unsigned.
      ...(user && { uid: user.uid | 0, gid: user.gid | 0 }),
    },
  };
}

/** Only what programs need to run: no secrets of ours, no PG* variables, and no locale the machine may not have. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
