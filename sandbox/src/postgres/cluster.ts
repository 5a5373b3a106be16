import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { runIn, type ServerUser } from './server-user.js';

export const SUPERUSER = 'postgres';

/**
 * Creates the database cluster if it is missing.
 *
 * @param programs their folder
 * @returns the superuser's password, from a file beside the data
 */
export async function prepareCluster(dataDir: string, programs: string, user: ServerUser, durable: boolean) {
  const kept = `${dataDir}.password`;
  if (!existsSync(kept)) writeFileSync(kept, randomBytes(24).toString('base64url'), { mode: 0o600 });
  const password = readFileSync(kept, 'utf8').trim();
  if (existsSync(path.join(dataDir, 'PG_VERSION'))) return password;
  // Fails where it is not empty.
  if (existsSync(dataDir)) rmdirSync(dataDir);
  // Renamed when complete, so that a start that is ended halfway leaves no half of a cluster.
  const making = `${dataDir}.new`;
  const data = path.join(making, 'data');
  const passwordFile = path.join(making, 'password');
  rmSync(making, { recursive: true, force: true, maxRetries: 5 });
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (user) for (const file of [making, data, passwordFile]) chownSync(file, user.uid, user.gid);
    const { folder, options } = runIn(data, user);
    const args = [
      ...['-D', folder, `--username=${SUPERUSER}`, `--pwfile=${folder}/../password`, '--auth=scram-sha-256'],
      // As a container of the official image sorts and compares, on any machine.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(durable ? [] : ['--no-sync']),
    ];
    await promisify(execFile)(path.join(programs, 'initdb'), args, options).catch((error) => {
      const { stderr = '', message } = error as { stderr?: string; message: string };
      const why = /^.*(?:FATAL|PANIC|error): .*$/m.exec(stderr)?.[0] ?? message.split('\n')[0];
      throw new SandboxError(`PostgreSQL's data cannot be created in ${making}: ${why}`, { cause: error });
    });
    renameSync(data, dataDir);
  } finally {
    rmSync(making, { recursive: true, force: true, maxRetries: 5 });
  }
  return password;
}
