import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AuthorServiceClient } from '@bookstore/proto';
import {
  freePort,
  type PostgresServer,
  prepareDatabase,
  ServiceProcess,
  startEmbeddedPostgres,
} from '@bookstore/sandbox';
import { promiseClient } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anAuthor } from '../src/client/samples.js';
import { OtlpReceiver } from '../src/telemetry/otlp-receiver.js';

let folder: string;
let postgres: PostgresServer;
/** Of a service that is told nothing of telemetry. */
let environment: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
  const atTheEnd = path.join(folder, 'tell-loaded.cjs');
  await writeFile(
    atTheEnd,
    `process.on('exit', () => {
      const loaded = Object.keys(require.cache).filter((file) => file.includes('@opentelemetry'));
      console.log(JSON.stringify({ msg: 'loaded', count: loaded.length }));
    });`,
  );
  postgres = await startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), durable: false });
  const { url } = await prepareDatabase('author-service', postgres.url, path.join(folder, 'secrets.json'));
  environment = {
    AUTH: 'off',
    BOOK_SERVICE_ADDRESS: '127.0.0.1:1',
    DATABASE_URL: url,
    LOG_FORMAT: 'json',
    NODE_OPTIONS: `--require ${atTheEnd}`,
  };
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true });
});

/** Starts a service, has it serve three calls, and stops it; how it ended, and what it logged. */
async function serveAndStop(env: Record<string, string>) {
  const log: string[] = [];
  const [publicPort, internalPort] = [await freePort(), await freePort()];
  const service = ServiceProcess.spawn({
    ...{ name: 'author-service', publicPort, internalPort },
    env: { ...environment, ...env },
    onLog: (line) => void log.push(line),
  });
  try {
    await service.serving();
    const authors = promiseClient(AuthorServiceClient, `127.0.0.1:${publicPort}`);
    for (let n = 0; n < 3; n++) await authors.createAuthor(anAuthor());
    authors.close();
  } finally {
    await service.stop();
  }
  const lines = log.map((line) => JSON.parse(line));
  return {
    exit: await service.exited,
    loaded: lines.find(({ msg }) => msg === 'loaded')?.count,
    warnings: lines.filter(({ msg }) => msg === 'telemetry cannot be exported').length,
  };
}

const gracefully = 'with status 0';

test('without an endpoint nothing of OpenTelemetry is loaded', async () => {
  expect(await serveAndStop({})).toMatchObject({ exit: gracefully, loaded: 0 });
});

test('OTEL_SDK_DISABLED turns it off, too', async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' };
  expect(await serveAndStop(env)).toMatchObject({ exit: gracefully, loaded: 0 });
});

test('a collector that is not there keeps a service neither from serving nor from stopping, and is told of', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: nobody, OTEL_BSP_SCHEDULE_DELAY: '10', OTEL_METRIC_EXPORT_INTERVAL: '50' };
  const { exit, loaded, warnings } = await serveAndStop({ ...env, OTEL_METRIC_EXPORT_TIMEOUT: '50' });
  expect(exit).toBe(gracefully);
  expect(loaded).toBeGreaterThan(0);
  // Once, however often it fails.
  expect(warnings).toBe(1);
});

test('a collector that never answers keeps a service neither from serving nor from stopping', async () => {
  await using silent = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
  expect(await serveAndStop(env)).toMatchObject({ exit: gracefully });
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
  expect(receiver.spans.filter(({ name }) => name.endsWith('/CreateAuthor'))).toHaveLength(3);
  expect(receiver.lines.filter(({ body }) => body === 'stopped')).toHaveLength(1);
  expect(receiver.metrics).toContain('rpc.server.call.duration');
});
