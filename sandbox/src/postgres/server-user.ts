import { readFileSync, statSync } from 'node:fs';

/** The user that PostgreSQL runs as, where that is not the user of this process. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined;

/** PostgreSQL refuses to run as root. So root starts it as the owner of the data, and new data belongs to `nobody`. */
export function serverUserFor(dataDir: string): ServerUser {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(dataDir, { throwIfNoEntry: false });
  return owner && owner.uid !== 0 ? owner : nobody();
}

function nobody(): { uid: number; gid: number } {
  const [, uid, gid] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  // On macOS they are negative; a process takes them like that, a file as unsigned numbers.
  return { uid: Number(uid ?? 65534) >>> 0, gid: Number(gid ?? 65534) >>> 0 };
}

/**
 * How a program of PostgreSQL is started on a folder, as a user.
 *
 * The folder is often below root's home, which other users cannot enter. The new process enters it while it still is
 * root, as its working directory, and then names it by Linux's own link to that directory.
 */
export function runIn(folder: string, user: ServerUser) {
  const { PATH, SystemRoot, TEMP, TMP } = process.env;
  return {
    folder: user && process.platform === 'linux' ? '/proc/self/cwd' : folder,
    options: {
      cwd: folder,
      // Nothing else: no PG* variables, and no locale that is not installed.
      env: { PATH, SystemRoot, TEMP, TMP, LC_ALL: 'C' },
      windowsHide: true,
      ...(user && { uid: user.uid | 0, gid: user.gid | 0 }),
    },
  };
}
