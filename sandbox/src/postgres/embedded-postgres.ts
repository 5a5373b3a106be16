import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../bookstore/ports.js';
import { SandboxError } from '../sandbox-error.js';
import { until } from '../until.js';
import { prepareCluster, SUPERUSER } from './cluster.js';
import { findPrograms } from './programs.js';
import { CLUSTER_NAME, endAbandonedServer, isReady } from './running-server.js';
import { runIn, type ServerUser, serverUserFor } from './server-user.js';

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
 * shut down when this process ends, also by SIGKILL (but not on Windows). The data stays for the next start.
 *
 * @throws SandboxError whose one line says what is wrong, such as a folder in use
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<PostgresServer> {
  const dataDir = path.resolve(options.dataDir);
  try {
    mkdirSync(path.dirname(dataDir), { recursive: true });
    const user = serverUserFor(dataDir);
    const programs = await findPrograms(user);
    const password = await prepareCluster(dataDir, programs, user, options.durable ?? true);
    const { child, port } = await untilReady({ ...options, dataDir, programs, user });
    const exited = once(child, 'exit').then(() => {});
    const stop = async () => {
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      // A fast shutdown: it does not wait for sessions to end.
      child.kill('SIGINT');
      await exited;
      clearTimeout(force);
    };
    const url = (database = SUPERUSER) => `postgresql://${SUPERUSER}:${password}@${HOST}:${port}/${database}`;
    return { port, pid: child.pid as number, exited, url, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    // Of the file system, such as EACCES.
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new SandboxError(`PostgreSQL cannot keep its data in ${dataDir}: ${message}`, { cause: error });
  }
}

type LaunchOptions = EmbeddedPostgresOptions & { readonly programs: string; readonly user: ServerUser };

/** Launches a server, again where the reason of a failure goes away by itself, and waits until it is ready. */
async function untilReady(options: LaunchOptions) {
  const { dataDir } = options;
  const log = `${dataDir}.log`;
  const retryUntil = performance.now() + RETRY_LIMIT_MS;
  for (;;) {
    await endAbandonedServer(dataDir);
    const port = options.port ?? (await freePort());
    const child = await launch(options, port, log);
    const hasExited = () => child.exitCode !== null || child.signalCode !== null;
    const settled = () => hasExited() || isReady(dataDir, child.pid);
    await until(`PostgreSQL is ready (more in ${log})`, READY_LIMIT_MS, settled).catch((cause) => {
      child.kill('SIGKILL');
      throw cause;
    });
    if (!hasExited()) return { child, port };
    const said = readFileSync(log, 'utf8');
    // What it says to an administrator of Windows has no such word.
    const refusal = /^Execution of PostgreSQL[^.]*/m.exec(said)?.[0].replace(/\s+/g, ' ');
    const [, fatal = refusal ?? '', , detail] = /(?:FATAL|PANIC): +(.*)(\n.*DETAIL: +(.*))?/.exec(said) ?? [];
    // Another start was first; sessions of a killed server still end; a port that was free has been taken.
    const passes = /^$|lock file|pre-existing shared memory|create any TCP/.test(fatal);
    if (!passes || performance.now() > retryUntil) {
      const reason = detail ? `${fatal}: ${detail}` : fatal;
      throw new SandboxError(`PostgreSQL does not start on ${dataDir}: ${reason}; more in ${log}`);
    }
    await sleep(100);
  }
}

async function launch(launched: LaunchOptions, port: number, log: string): Promise<ChildProcess> {
  const { folder, options } = runIn(launched.dataDir, launched.user);
  const settings = {
    ...{ port, listen_addresses: HOST, unix_socket_directories: '', cluster_name: CLUSTER_NAME },
    ...{ timezone: 'UTC', log_timezone: 'UTC', log_checkpoints: 'off' },
    ...(launched.durable === false && { fsync: 'off', full_page_writes: 'off' }),
    ...launched.settings,
  };
  const args = ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  rmSync(log, { force: true });
  const output = openSync(log, 'a', 0o600);
  // In a session of its own: Ctrl-C at the terminal is for this process, which first ends what uses PostgreSQL.
  const inSession = { ...options, detached: true, stdio: ['ignore', 'ignore', output] satisfies StdioOptions };
  const child = spawn(path.join(launched.programs, 'postgres'), args, inSession);
  closeSync(output);
  await once(child, 'spawn');
  if (process.platform !== 'win32') endWithThisProcess(child);
  return child;
}

/** Also when this one is killed: a shell waits for the end of a pipe that only this process holds. */
function endWithThisProcess(child: ChildProcess): void {
  const script = 'read -r line || kill -INT "$1"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'postgres-watchdog', String(child.pid)], {
    // Ctrl-C reaches the process group of this process, so the shell has its own.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  for (const part of [watchdog, watchdog.stdin]) part.on('error', () => {});
  watchdog.unref();
  (watchdog.stdin as Socket).unref();
  child.once('exit', () => watchdog.stdin.end('it has ended\n'));
}
