import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, healthOf, until } from '@bookstore/sandbox';
import { serviceNamed } from '../../scripts/services.mjs';
import type { Databases, ServiceName } from './data.js';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A process that serves one service. */
export interface Server {
  readonly address: string;
  readonly child: ChildProcess;
}

/** The bookstore, or what it is compared with: a server for each service, on databases of its own. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly databases: Databases;
  readonly servers: Readonly<Record<ServiceName, Server>>;
}

export interface PeerOptions {
  /** The checkout that is started; it must be built. */
  readonly folder?: string;
  /** A peer's program for each service; the bookstore runs as its images do. */
  readonly program?: (service: ServiceName) => string;
  /** Such as --cpu-prof. */
  readonly nodeOptions?: readonly string[];
  /** On top of the bookstore's defaults, which are those of production. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Limits are on, above what the load reaches: a refused call is an error. */
const SETTINGS = {
  LISTEN_HOST: '127.0.0.1',
  LOG_FORMAT: 'json',
  RATE_LIMIT_PER_SECOND: '1000000',
  RATE_LIMIT_BURST: '1000000',
  MAX_CALLS_IN_FLIGHT: '10000',
};

/** A program of bench/src/peers; those of nest-prisma are one for each service. */
export const peerProgram = (peer: string) => (service: ServiceName) =>
  path.join(repository, 'bench/dist/peers', peer === 'nest-prisma' ? `${peer}/${service}.js` : `${peer}.js`);

/** Starts both services, and waits until they serve. */
export async function startPeer(
  name: string,
  databases: Databases,
  { folder = repository, program, nodeOptions = [], settings = {} }: PeerOptions = {},
): Promise<Peer> {
  const [author, book, authorInternal, bookInternal] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  const start = (service: ServiceName, port = 0, internalPort = 0, other = '', otherPort = 0): Server => {
    const args = program ? [program(service)] : imageCommand(folder, service);
    const env = {
      ...SETTINGS,
      ...settings,
      SERVICE: service,
      DATABASE_URL: databases[service],
      PUBLIC_PORT: String(port),
      INTERNAL_PORT: String(internalPort),
      [serviceNamed(other).addressVariable]: `127.0.0.1:${otherPort}`,
    };
    return { address: `127.0.0.1:${port}`, child: startNode(folder, [...nodeOptions, ...args], env) };
  };
  // The programs of bench/src/peers have no internal port.
  const servers = {
    'author-service': start('author-service', author, authorInternal, 'book-service', program ? book : bookInternal),
    'book-service': start('book-service', book, bookInternal, 'author-service', program ? author : authorInternal),
  };
  const all = Object.values(servers);
  const peer = {
    name,
    databases,
    servers,
    [Symbol.asyncDispose]: async () => void (await Promise.all(all.map(stop))),
  };
  try {
    for (const server of all) await until(`${name} serves`, 60_000, () => isUp(server));
    return peer;
  } catch (error) {
    await peer[Symbol.asyncDispose]();
    throw error;
  }
}

/** @throws Error when the process has ended */
async function isUp({ address, child }: Server): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} has ended with status ${child.exitCode}`);
  // The programs of bench/src/peers have no health service.
  return ['SERVING', 'UNIMPLEMENTED'].includes(await healthOf(address));
}

/** The arguments of Node in the last CMD of the service's Dockerfile. */
function imageCommand(folder: string, service: ServiceName): string[] {
  const commands = [...dockerfile(folder, service).matchAll(/^CMD \["node", (.*)\]$/gm)];
  return JSON.parse(`[${commands.at(-1)?.[1]}]`);
}

const dockerfile = (folder: string, service: ServiceName) =>
  readFileSync(path.join(folder, service, 'Dockerfile'), 'utf8');

/** With Node's options of the images, and without the settings of this shell. */
function startNode(folder: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const [, options = ''] = /^ENV NODE_OPTIONS=(.*)$/m.exec(dockerfile(folder, 'author-service')) ?? [];
  return spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', NODE_OPTIONS: options, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function stop({ child }: Server): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
