import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import type { PostgresBinaries } from './binaries.js';
import { explainOutput } from './file-error.js';
import { runIn, type ServerUser } from './server-user.js';

export const SUPERUSER = 'postgres';

export interface ClusterOptions {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser;
  readonly durable: boolean;
}

/**
 * Sees to it that there is a database cluster in the data directory.
 *
 * @returns the superuser's password, kept beside the data
 * @throws {SandboxError} when the folder holds something else, or data of another major version
 */
export async function prepareCluster(options: ClusterOptions): Promise<string> {
  const { dataDir, binaries } = options;
  const passwordFile = `${dataDir}.password`;
  removeUnfinished(dataDir);
  const versionFile = path.join(dataDir, 'PG_VERSION');
  if (!existsSync(versionFile)) {
    if (existsSync(dataDir) && readdirSync(dataDir).length > 0)
      throw new SandboxError(
        `${dataDir} holds something else than PostgreSQL's data: empty it or choose another folder`,
      );
    const password = randomBytes(24).toString('base64url');
    rmSync(passwordFile, { force: true });
    writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx', flush: true });
    await createCluster(options, password);
    return password;
  }
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== binaries.major)
    throw new SandboxError(
      `${dataDir} was made by PostgreSQL ${version}, this is ${binaries.major}: remove that folder to start afresh, or dump its data with PostgreSQL ${version} first`,
    );
  const password = existsSync(passwordFile) ? readFileSync(passwordFile, 'utf8').trim() : '';
  if (!password)
    throw new SandboxError(`the password of the data in ${dataDir} is gone: put ${passwordFile} back, or remove both`);
  return password;
}

/** The folder appears under its name only when it is complete, so a start that is cut off leaves no half of a cluster. */
async function createCluster({ dataDir, binaries, user, durable }: ClusterOptions, password: string): Promise<void> {
  const making = `${dataDir}.new-${randomUUID()}`;
  const data = path.join(making, 'data');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(making, 'password'), password, { mode: 0o600 });
  if (user)
    for (const file of [making, data, path.join(making, 'password')]) chownSync(file, user.uid >>> 0, user.gid >>> 0);
  const { folder, options } = runIn(data, user);
  try {
    await promisify(execFile)(
      binaries.initdb,
      [
        ...['-D', folder, `--username=${SUPERUSER}`, `--pwfile=${folder}/../password`, '--auth=scram-sha-256'],
        // As a container of the official image sorts and compares, on any machine.
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        ...(durable ? [] : ['--no-sync']),
      ],
      { ...options, maxBuffer: 64 * 1024 * 1024 },
    );
    if (existsSync(dataDir)) rmdirSync(dataDir);
    renameSync(data, dataDir);
  } catch (error) {
    throw explainInitdb(error, dataDir);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function explainInitdb(error: unknown, dataDir: string): unknown {
  const { stderr } = error as { stderr?: string };
  if (stderr === undefined) return error;
  const line = /^.*(?:FATAL|PANIC|error): .*$/m.exec(stderr)?.[0] ?? stderr.split('\n')[0];
  return (
    explainOutput(stderr, dataDir) ??
    new SandboxError(`PostgreSQL's data cannot be made in ${dataDir}: ${line}`, { cause: error })
  );
}

/** What a start that was killed while it made a cluster has left. */
function removeUnfinished(dataDir: string): void {
  for (const name of readdirSync(path.dirname(dataDir))) {
    if (!name.startsWith(`${path.basename(dataDir)}.new-`)) continue;
    rmSync(path.join(path.dirname(dataDir), name), { recursive: true, force: true, maxRetries: 5 });
  }
}
