import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, healthOf, until } from '@bookstore/sandbox';
import { root } from '../../scripts/services.mjs';
import type { Databases, ServiceName } from './data.js';

/** A process that serves one service. */
export interface Server extends AsyncDisposable {
  readonly program: string;
  readonly pid: number;
  /** host:port for callers. */
  readonly address: string;
  /** host:port for the other service. */
  readonly internalAddress: string;
}

/** The bookstore, or what it is compared with: a server for each service, on databases of its own. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  readonly databases: Databases;
  readonly servers: Readonly<Record<ServiceName, Server>>;
}

export interface ServerOptions {
  /** The checkout that is started; it must be built. */
  readonly folder?: string;
  /** A program of bench/src/peers; the bookstore, as its images run it, when absent. */
  readonly peer?: string;
  /** Such as --cpu-prof. */
  readonly nodeOptions?: readonly string[];
  /** On top of the bookstore's defaults, which are those of production. */
  readonly settings?: NodeJS.ProcessEnv;
}

/** Starts both services, and waits until they serve. */
export async function startPeer(name: string, databases: Databases, options: ServerOptions = {}): Promise<Peer> {
  const [author, book] = [await choosePorts(options), await choosePorts(options)];
  const [authors, books] = await Promise.all([
    startServer('author-service', databases, `127.0.0.1:${book.internal}`, options, author),
    startServer('book-service', databases, `127.0.0.1:${author.internal}`, options, book),
  ]);
  const stop = async () => void (await Promise.all([authors, books].map((server) => server[Symbol.asyncDispose]())));
  const servers = { 'author-service': authors, 'book-service': books };
  return { name, databases, servers, [Symbol.asyncDispose]: stop };
}

/**
 * Starts one service, and waits until it serves. It ends with this process at the latest.
 *
 * @param other where it calls the other service: host:port, or a gRPC target
 */
export async function startServer(
  service: ServiceName,
  databases: Databases,
  other: string,
  options: ServerOptions,
  ports?: Awaited<ReturnType<typeof choosePorts>>,
): Promise<Server> {
  const { folder = root, peer, nodeOptions = [], settings } = options;
  const { own, internal } = ports ?? (await choosePorts(options));
  const dockerfile = readFileSync(path.join(folder, service, 'Dockerfile'), 'utf8');
  const image = (line: RegExp) => [...dockerfile.matchAll(line)].at(-1)?.[1] ?? '';
  const args: string[] = peer ? [`bench/dist/peers/${peer}.js`] : JSON.parse(`[${image(/^CMD \["node", (.*)\]$/gm)}]`);
  const program = args.at(-1) ?? '';
  // Without the settings of this shell; the peers have Node's options of the images too.
  const child = spawn(process.execPath, [...nodeOptions, ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      NODE_OPTIONS: image(/^ENV NODE_OPTIONS=(.*)$/gm),
      LISTEN_HOST: '127.0.0.1',
      // Limits are on, above what the load reaches: a refused call is an error.
      RATE_LIMIT_PER_SECOND: '1000000',
      MAX_CALLS_IN_FLIGHT: '10000',
      ...settings,
      SERVICE: service,
      DATABASE_URL: databases[service],
      PUBLIC_PORT: String(own),
      INTERNAL_PORT: String(internal),
      AUTHOR_SERVICE_ADDRESS: other,
      BOOK_SERVICE_ADDRESS: other,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const address = `127.0.0.1:${own}`;
  await until(`${program} serves`, 60_000, async () => {
    const how = child.exitCode ?? child.signalCode;
    if (how !== null) throw new Error(`${program} has ended: ${how}`);
    // The programs of bench/src/peers have no health service.
    return ['SERVING', 'UNIMPLEMENTED'].includes(await healthOf(address));
  });
  const internalAddress = `127.0.0.1:${internal}`;
  return { program, pid: child.pid as number, address, internalAddress, [Symbol.asyncDispose]: stop };
}

async function choosePorts({ peer }: ServerOptions) {
  const own = await freePort();
  // The programs of bench/src/peers have no internal port.
  return { own, internal: peer ? own : await freePort() };
}
