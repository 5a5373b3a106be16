import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../bookstore/ports.js';
import { SandboxError } from '../sandbox-error.js';
import { until } from '../until.js';
import { prepareCluster, SUPERUSER } from './cluster.js';
import { findPrograms, type Programs } from './programs.js';
import { CLUSTER_NAME, endAbandonedServer, isReady, requireUnused } from './running-server.js';
import { runIn, type ServerUser, serverUserFor } from './server-user.js';
import { whenThisProcessIsGone } from './when-this-process-is-gone.js';

export interface EmbeddedPostgresOptions {
  /** Beside it, under its name: the superuser's password, and the log of the last start. */
  readonly dataDir: string;
  /** A free one when absent. */
  readonly port?: number | undefined;
  /** Of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** False: a power cut may lose everything, for tests. A crash of PostgreSQL alone loses nothing either way. */
  readonly durable?: boolean;
}

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** For the superuser. */
  readonly url: (database?: string) => string;
  /** Ends sessions, shuts down and waits for the end; after 10 seconds it is killed. */
  readonly stop: () => Promise<void>;
}

const HOST = '127.0.0.1';
/** With the recovery from a crash. */
const READY_LIMIT_MS = 60_000;
const RETRY_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 10_000;

/**
 * Starts PostgreSQL from the npm package of this platform, on loopback, and waits until it accepts connections. It is
 * shut down when this process ends, also by SIGKILL. The data stays for the next start.
 *
 * @throws SandboxError whose one line says what is wrong, such as a folder in use
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<PostgresServer> {
  const dataDir = path.resolve(options.dataDir);
  try {
    return await start({ ...options, dataDir });
  } catch (error) {
    // Of the file system, such as EACCES.
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new SandboxError(`PostgreSQL cannot keep its data in ${dataDir}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<PostgresServer> {
  const { dataDir, durable = true } = options;
  mkdirSync(path.dirname(dataDir), { recursive: true });
  const user = serverUserFor(dataDir);
  requireUnused(dataDir);
  const programs = await findPrograms(user);
  endAbandonedServer(dataDir, programs, user);
  const password = await prepareCluster(dataDir, programs, user, durable);
  const { child, port } = await untilReady(options, programs, user);

  const exited = hasExited(child) ? Promise.resolve() : once(child, 'exit').then(() => {});
  const stop = async () => {
    if (hasExited(child)) return;
    // A fast shutdown: it does not wait for sessions to end.
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await exited;
    clearTimeout(timer);
  };
  return {
    ...{ port, pid: child.pid as number, exited, stop },
    url: (database = SUPERUSER) =>
      `postgresql://${SUPERUSER}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}`,
    [Symbol.asyncDispose]: stop,
  };
}

/** Launches a server, again where the reason of a failure goes away by itself, and waits until it is ready. */
async function untilReady(options: EmbeddedPostgresOptions, programs: Programs, user: ServerUser) {
  const { dataDir } = options;
  const retryUntil = performance.now() + RETRY_LIMIT_MS;
  for (;;) {
    requireUnused(dataDir);
    const port = options.port ?? (await freePort());
    const child = await launch({ ...options, port }, programs, user);
    const settled = () => hasExited(child) || isReady(dataDir, child.pid as number);
    await until('PostgreSQL is ready', READY_LIMIT_MS, settled).catch((cause) => {
      child.kill('SIGKILL');
      throw new SandboxError(`${cause.message}; more in ${logFile(dataDir)}`, { cause });
    });
    if (!hasExited(child)) return { child, port };
    const reason = failureIn(logFile(dataDir));
    if (!mayPass(reason, options) || performance.now() > retryUntil)
      throw new SandboxError(`PostgreSQL does not start on ${dataDir}: ${reason}; more in ${logFile(dataDir)}`);
    await sleep(100);
  }
}

async function launch(options: EmbeddedPostgresOptions, programs: Programs, user: ServerUser): Promise<ChildProcess> {
  const { durable = true, dataDir } = options;
  const settings = {
    port: String(options.port),
    listen_addresses: HOST,
    unix_socket_directories: '',
    cluster_name: CLUSTER_NAME,
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...options.settings,
  };
  const { folder, options: spawnOptions } = runIn(dataDir, user);
  const args = ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  rmSync(logFile(dataDir), { force: true });
  const log = openSync(logFile(dataDir), 'a', 0o600);
  // In a session of its own: Ctrl-C at the terminal is for this process, which first ends what uses PostgreSQL.
  const child = spawn(programs.postgres, args, { ...spawnOptions, detached: true, stdio: ['ignore', 'ignore', log] });
  closeSync(log);
  await once(child, 'spawn');
  const release = whenThisProcessIsGone('postgres-watchdog', 'kill -INT "$1"', String(child.pid));
  child.once('exit', release);
  return child;
}

const logFile = (dataDir: string) => `${dataDir}.log`;
const hasExited = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

/** Empty when another start at the same time has begun the log anew. */
function failureIn(log: string): string {
  const [, fatal, , detail] = /(?:FATAL|PANIC): +(.*)(\n.*DETAIL: +(.*))?/.exec(readFileSync(log, 'utf8')) ?? [];
  return [fatal, detail].filter(Boolean).join(': ');
}

/** Another start was first; sessions of a killed server still end; a port that was free has been taken. */
function mayPass(reason: string, { port }: EmbeddedPostgresOptions): boolean {
  return (
    reason === '' || /lock file|pre-existing shared memory/.test(reason) || (!port && /create any TCP/.test(reason))
  );
}
