import { findBinaries } from './binaries.js';
import { prepareCluster, SUPERUSER } from './cluster.js';
import { explainFileError } from './file-error.js';
import { LogFile } from './log-file.js';
import { stopOrphan } from './orphan.js';
import { freePort } from './port.js';
import type { PostmasterExit } from './postmaster.js';
import { serverUserFor } from './server-user.js';
import { startPostmaster } from './start-postmaster.js';
import { takeFolder } from './take-folder.js';

export interface EmbeddedPostgresOptions {
  /** Beside it lie, under its name: the superuser's password, the log, and who owns it just now. */
  readonly dataDir: string;
  /** A free one when absent. */
  readonly port?: number | undefined;
  /** Of postgresql.conf, over the defaults here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** False: a power cut may lose everything, for tests. A crash of PostgreSQL alone loses nothing either way. */
  readonly durable?: boolean;
  /** Told each line of PostgreSQL's log. */
  readonly onLog?: (line: string) => void;
}

export interface PostgresServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly superuser: { readonly name: string; readonly password: string };
  /** The postmaster's. */
  readonly pid: number;
  /** Resolves when it has ended, asked to or not. The data directory is free for a new start then. */
  readonly exited: Promise<PostmasterExit>;
  /** For the superuser. */
  readonly url: (database?: string) => string;
  /** Ends sessions, shuts down and waits until it has ended; after 10 seconds it ends it the hard way. */
  readonly stop: () => Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Starts a real PostgreSQL from the npm package of this platform, on loopback, and waits until it answers. It is shut
 * down when this process ends, and the data stays for the next start.
 *
 * @throws {SandboxError} whose one line says what is in the way: a folder in use or not writable, a taken port, …
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<PostgresServer> {
  const { dataDir, release } = await takeFolder(options.dataDir);
  try {
    return await startOwned({ ...options, dataDir }, release);
  } catch (error) {
    release();
    throw explainFileError(error, dataDir);
  }
}

async function startOwned(options: EmbeddedPostgresOptions, release: () => void): Promise<PostgresServer> {
  const { dataDir, durable = true } = options;
  const user = serverUserFor(dataDir);
  const binaries = await findBinaries(user);
  await stopOrphan(dataDir, binaries);
  await freePort(HOST, options.port); // before the work of making a cluster
  const password = await prepareCluster({ dataDir, binaries, user, durable });
  const log = LogFile.open(`${dataDir}.log`);
  const unfollow = options.onLog ? log.follow(options.onLog) : () => {};
  const endLog = () => {
    unfollow();
    log.close();
  };

  const urlOn = (port: number, database = SUPERUSER) =>
    `postgresql://${SUPERUSER}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}`;
  const postmaster = await startPostmaster({
    ...{ binaries, user, dataDir, log, host: HOST, wantedPort: options.port, url: urlOn },
    settings: { ...defaults(durable), ...options.settings },
  }).catch((error: unknown) => {
    endLog();
    throw error;
  });
  const { pid, port } = postmaster;
  const exited = postmaster.exited.finally(() => {
    release();
    endLog();
  });

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= postmaster.stop().then(async () => void (await exited));
    return stopped;
  };
  return {
    ...{ host: HOST, port, pid, superuser: { name: SUPERUSER, password }, exited, stop },
    url: (database) => urlOn(port, database),
    [Symbol.asyncDispose]: stop,
  };
}

/** Small, and for loopback only. */
function defaults(durable: boolean): Record<string, string> {
  return {
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: '100',
    // As in a container, whatever this machine's are.
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
}
