import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  freePort,
  type PostgresServer,
  prepareDatabase,
  ServiceProcess,
  startEmbeddedPostgres,
} from '@bookstore/sandbox';
import { BUSY_MACHINE } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { authorWithBooks } from '../src/client/samples.js';
import { OtlpReceiver } from '../src/telemetry/otlp-receiver.js';

let folder: string;
let NODE_OPTIONS: string;
let postgres: PostgresServer;
const databaseUrls = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  const atTheEnd = path.join(folder, 'tell-loaded.cjs');
  await writeFile(
    atTheEnd,
    `process.on('exit', () => {
      const loaded = Object.keys(require.cache).filter((file) => /@opentelemetry.(?!api.build)/.test(file));
      console.log(JSON.stringify({ msg: 'loaded', count: loaded.length }));
    });`,
  );
  NODE_OPTIONS = `--require ${atTheEnd}`;
  // One for all of them: what is told of the services does not depend on their data.
  postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), durable: false });
  for (const name of ['author-service', 'book-service'] as const) {
    const { url } = await prepareDatabase(name, postgres.url, path.join(folder, 'secrets.json'));
    databaseUrls.set(name, url);
  }
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true });
});

/** Starts, serves and stops both services; how they ended, and what they logged. */
async function serveAndStop(env: Record<string, string>) {
  const log: string[] = [];
  const ports = async () => ({ publicPort: await freePort(), internalPort: await freePort() });
  const [authorPorts, bookPorts] = [await ports(), await ports()];
  const spawn = (name: string, own: typeof authorPorts, peer: Record<string, string>) =>
    ServiceProcess.spawn({
      ...{ name, ...own },
      env: {
        ...BUSY_MACHINE,
        AUTH: 'off',
        LOG_FORMAT: 'json',
        DATABASE_URL: databaseUrls.get(name) ?? '',
        NODE_OPTIONS,
        ...peer,
        ...env,
      },
      onLog: (line) => void log.push(line),
    });
  const services = [
    spawn('author-service', authorPorts, { BOOK_SERVICE_ADDRESS: `127.0.0.1:${bookPorts.internalPort}` }),
    spawn('book-service', bookPorts, { AUTHOR_SERVICE_ADDRESS: `127.0.0.1:${authorPorts.internalPort}` }),
  ];
  const client = connect({
    authorAddress: `127.0.0.1:${authorPorts.publicPort}`,
    bookAddress: `127.0.0.1:${bookPorts.publicPort}`,
  });
  try {
    await Promise.all(services.map((service) => service.serving()));
    await authorWithBooks(client, 3);
  } finally {
    client.close();
    await Promise.all(services.map((service) => service.stop()));
  }
  const lines = log.map((line) => JSON.parse(line));
  return {
    exits: await Promise.all(services.map(({ exited }) => exited)),
    loaded: lines.filter(({ msg }) => msg === 'loaded').map(({ count }) => count),
    warned: lines.filter(({ msg }) => msg === 'telemetry cannot be exported'),
  };
}

const gracefully = ['with status 0', 'with status 0'];

test('without an endpoint nothing of OpenTelemetry is loaded but its API', async () => {
  const { exits, loaded } = await serveAndStop({});
  expect(loaded).toEqual([0, 0]);
  expect(exits).toEqual(gracefully);
});

test('OTEL_SDK_DISABLED turns it off, too', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' };
  expect((await serveAndStop(env)).loaded).toEqual([0, 0]);
});

test('a collector that is not there keeps nobody from serving and stopping, and is told of', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: nobody, OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_METRIC_EXPORT_INTERVAL: '50' };
  const { exits, loaded, warned } = await serveAndStop({ ...env, OTEL_METRIC_EXPORT_TIMEOUT: '50' });
  expect(exits).toEqual(gracefully);
  expect(Math.min(...loaded)).toBeGreaterThan(0);
  // Once each, however often it fails.
  expect(warned.map(({ service }) => service).sort()).toEqual(['author-service', 'book-service']);
});

test('a collector that never answers keeps nobody from serving and stopping', async () => {
  await using silent = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
  expect((await serveAndStop(env)).exits).toEqual(gracefully);
});

test('a stop exports what is left', async () => {
  await using receiver = await OtlpReceiver.open();
  const never = '600000';
  const env = {
    ...receiver.environment,
    OTEL_BSP_SCHEDULE_DELAY: never,
    OTEL_BLRP_SCHEDULE_DELAY: never,
    OTEL_METRIC_EXPORT_INTERVAL: never,
  };
  await serveAndStop(env);
  expect(receiver.spans.filter(({ name }) => name.endsWith('/CreateBook'))).toHaveLength(3);
  expect(receiver.lines.filter(({ body }) => body === 'stopped')).toHaveLength(2);
  expect(receiver.metrics).toContain('rpc.server.call.duration');
});
