import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { pathToFileURL } from 'node:url';
import { AuthorServiceClient } from '@bookstore/proto';
import { freePort, runProgram, ServiceProcess } from '@bookstore/sandbox';
import { BUSY_MACHINE, createServiceDatabase, promiseClient } from '@bookstore/sandbox/testing';
import { beforeAll, expect, inject, test } from 'vitest';
import { anAuthor } from '../src/client/samples.js';
import { OtlpReceiver } from '../src/telemetry/otlp-receiver.js';

const require = createRequire(import.meta.url);
/** Prints the names of the OpenTelemetry modules that the telemetry module has loaded, apart from the API. */
const PRINT_LOADED =
  'console.log(Object.keys(require.cache).filter((file) => /@opentelemetry.(?!api.build)/.test(file)))';

let databaseUrl: string;
beforeAll(async () => {
  databaseUrl = (await createServiceDatabase(inject('postgresUrl'), 'author-service')).url;
});

/** Starts the author service, makes three calls and stops it: how it ended, and what it logged. */
async function serveAndStop(env: Record<string, string>) {
  const log: string[] = [];
  const service = new ServiceProcess({
    name: 'author-service',
    publicPort: await freePort(),
    internalPort: await freePort(),
    env: {
      ...BUSY_MACHINE,
      AUTH: 'off',
      DATABASE_URL: databaseUrl,
      BOOK_SERVICE_ADDRESS: '127.0.0.1:1',
      ...env,
    },
    onLog: (line) => void log.push(line),
  });
  try {
    await service.serving();
    const authors = promiseClient(AuthorServiceClient, service.address);
    for (let call = 0; call < 3; call++) await authors.createAuthor(anAuthor());
    authors.close();
  } finally {
    await service.stop();
  }
  const lines = log.map((line) => JSON.parse(line));
  return {
    exit: await service.exited,
    warnings: lines.filter(({ msg }) => msg === 'telemetry cannot be exported').length,
  };
}

test.each([
  ['without an endpoint', {}],
  ['with OTEL_SDK_DISABLED', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
])('%s only the API of OpenTelemetry is loaded', async (_, env) => {
  const telemetry = pathToFileURL(require.resolve('@bookstore/service-kit/telemetry')).href;
  const args = ['--import', telemetry, '--eval', PRINT_LOADED];
  const { stdout } = await runProgram(process.execPath, args, { env: { ...process.env, ...env } });
  expect(stdout).toBe('[]\n');
});

test('a service serves and stops with a collector that never answers, and logs once that it fails', async () => {
  await using silent = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const ended = await serveAndStop({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '50',
    OTEL_BSP_SCHEDULE_DELAY: '10',
    OTEL_METRIC_EXPORT_INTERVAL: '50',
    OTEL_METRIC_EXPORT_TIMEOUT: '50',
  });
  expect(ended).toEqual({ exit: 'with status 0', warnings: 1 });
});

test('a service that stops exports what is left', async () => {
  await using receiver = await OtlpReceiver.open();
  const never = '600000';
  await serveAndStop({
    ...receiver.environment,
    OTEL_BSP_SCHEDULE_DELAY: never,
    OTEL_BLRP_SCHEDULE_DELAY: never,
    OTEL_METRIC_EXPORT_INTERVAL: never,
  });
  expect(receiver.spans.filter(({ name }) => name.endsWith('/CreateAuthor'))).toHaveLength(3);
  expect(receiver.lines.filter(({ body }) => body === 'stopped')).toHaveLength(1);
  expect(receiver.metrics).toContain('rpc.server.call.duration');
});
