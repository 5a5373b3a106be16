import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxError } from '../sandbox-error.js';
import type { PostgresBinaries } from './binaries.js';
import { explainOutput } from './file-error.js';
import type { LogFile } from './log-file.js';
import { freePort, portTaken } from './port.js';
import { launchPostmaster, type Postmaster } from './postmaster.js';
import { untilReady } from './ready.js';
import type { ServerUser } from './server-user.js';

/** Recovery after a crash included. */
const READY_LIMIT_MS = 60_000;
const RETRY_LIMIT_MS = 15_000;

export interface PostmasterStart {
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser;
  readonly dataDir: string;
  readonly log: LogFile;
  readonly host: string;
  readonly wantedPort: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly url: (port: number) => string;
}

/**
 * Launches PostgreSQL and waits until it answers, again where what it failed of passes by itself.
 *
 * @throws {SandboxError} telling from its log why it did not start
 */
export async function startPostmaster(start: PostmasterStart): Promise<Postmaster & { port: number }> {
  const deadline = performance.now() + RETRY_LIMIT_MS;
  for (;;) {
    const port = await freePort(start.host, start.wantedPort);
    const logged = start.log.mark();
    const settings = { ...start.settings, port: String(port) };
    const postmaster = await launchPostmaster({ ...start, settings, stderr: start.log.fd });
    try {
      await readyOrEnded(postmaster, start.url(port), start.dataDir);
      return { ...postmaster, port };
    } catch (error) {
      await postmaster.stop();
      const output = logged();
      if (!passes(output, start.wantedPort) || performance.now() > deadline) throw explain(error, output, port, start);
      await sleep(100);
    }
  }
}

/** A port lost to another program after it was picked; sessions that outlive a killed server until their query ends. */
function passes(output: string, wantedPort: number | undefined): boolean {
  return (/Address already in use/.test(output) && !wantedPort) || /pre-existing shared memory block/.test(output);
}

async function readyOrEnded({ exited }: Postmaster, url: string, dataDir: string): Promise<void> {
  const given = new AbortController();
  exited.then(() => given.abort(new Error('PostgreSQL ended')));
  const timer = setTimeout(() => given.abort(new Error(`no answer within ${READY_LIMIT_MS / 1000} s`)), READY_LIMIT_MS);
  await untilReady(url, dataDir, given.signal).finally(() => clearTimeout(timer));
}

function explain(error: unknown, output: string, port: number, { dataDir, host, log }: PostmasterStart): unknown {
  const cause = new Error(output.split('\n').slice(-30).join('\n'), { cause: error });
  if (/Address already in use/.test(output)) return portTaken(host, port, cause);
  const fatal = /^.*(?:FATAL|PANIC): .*$/m.exec(output)?.[0].replace(/^.*?(FATAL|PANIC): +/, '');
  const reason = fatal ?? (error as Error).message;
  return (
    explainOutput(output, dataDir) ??
    new SandboxError(`PostgreSQL did not start on ${dataDir}: ${reason}; more in ${log.path}`, { cause })
  );
}
