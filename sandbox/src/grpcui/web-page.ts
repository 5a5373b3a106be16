import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { SandboxError } from '../sandbox-error.js';
import type { Access } from './find-bookstore.js';

/** grpcui in front of one service. */
export interface WebPage {
  readonly url: string;
  /** Resolves with what to call the end, once its process has ended. */
  readonly exited: Promise<string>;
}

/** @throws SandboxError that says where it comes from, when grpcui is not on PATH */
export function requireGrpcui(): void {
  if (!spawnSync('grpcui', ['-version']).error) return;
  throw new SandboxError(
    'grpcui is not installed: bash .devcontainer/install-tools.sh grpcui builds it with Go, and docker compose --profile tools up --wait needs none',
  );
}

/**
 * Starts grpcui on a port of this machine's loopback, until the signal.
 *
 * @throws SandboxError when it ends before there is a page
 */
export async function openPage(
  address: string,
  port: number,
  access: Access | undefined,
  signal: AbortSignal,
): Promise<WebPage> {
  const child = spawn('grpcui', ['-open-browser=false', `-port=${port}`, ...callerFlags(access), address], {
    env: { ...process.env, ...(access && { BOOKSTORE_TOKEN: access.token }) },
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C is for this process, which ends the page then: a page that ends before is a failure. (Windows would open a
    // window for it.)
    detached: process.platform !== 'win32',
    signal,
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (status, by) => resolve(by ? `by ${by}` : `with status ${status}`));
    child.once('error', ({ message }) => resolve(`(${message})`));
  });
  const opened = once(child.stdout, 'data').then(() => undefined);
  const ended = await Promise.race([opened, exited]);
  if (ended) throw new SandboxError(`grpcui ended ${ended} before its page was there; its last line says why`);
  return { url: `http://127.0.0.1:${port}`, exited };
}

/** The token goes by the environment, where no list of processes shows it. */
const callerFlags = (access: Access | undefined): string[] =>
  access
    ? [`-cacert=${access.caFile}`, '-expand-headers', '-H', `authorization: Bearer \${BOOKSTORE_TOKEN}`]
    : ['-plaintext'];
