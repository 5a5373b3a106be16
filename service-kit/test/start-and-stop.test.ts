import { createServer } from 'node:net';
import {
  AuthorServiceClient,
  AuthorServiceService,
  type HealthCheckResponse,
  HealthClient,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  healthOf,
  promiseClient,
  startDatabaseProxy,
  startTestService,
  testEnvironment,
} from '@bookstore/sandbox/testing';
import { LIVENESS, startService } from '@bookstore/service-kit';
import { credentials } from '@grpc/grpc-js';
import pg from 'pg';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { type ControlledService, controlledDefinition, someone, startControlledService } from './controlled-service.js';

const newDatabase = () => createServiceDatabase(inject('postgresUrl'), 'author-service');

describe('a service does not start', () => {
  test('on a port that is taken, and leaves nothing open', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { url, adminUrl } = await newDatabase();
    const env = testEnvironment({ DATABASE_URL: url, INTERNAL_PORT: String(port) });
    await expect(startService(controlledDefinition().definition, env)).rejects.toThrow(
      `the internal port ${port} on 127.0.0.1 cannot be opened`,
    );
    const admin = new pg.Client(adminUrl);
    await admin.connect();
    const connections =
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'author_service'";
    await expect.poll(async () => (await admin.query(connections)).rowCount).toBe(0);
    await admin.end();
    taken.close();
  });

  test('with a method that no controller handles', async () => {
    const { definition } = controlledDefinition();
    const { listAuthors } = AuthorServiceService;
    const more = { ...definition, public: { 'bookstore.author.v1.AuthorService': { listAuthors } } };
    const env = testEnvironment({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' });
    await expect(startService(more as typeof definition, env)).rejects.toThrow(
      'no controller handles /bookstore.author.v1.AuthorService/ListAuthors',
    );
  });
});

test('a service with AUTH=off may be opened beyond loopback on purpose', async () => {
  const { url } = await newDatabase();
  const service = await startTestService(controlledDefinition().definition, {
    DATABASE_URL: url,
    LISTEN_HOST: '0.0.0.0',
    AUTH_OFF_BEYOND_LOOPBACK: 'yes',
  });
  await service.stop();
});

test('a service serves after a warm-up that has succeeded', async () => {
  const { url } = await newDatabase();
  let warmUps = 0;
  const warmUp = async () => {
    if (++warmUps < 3) throw new Error('the connection broke');
  };
  const service = await startTestService({ ...controlledDefinition().definition, warmUp }, { DATABASE_URL: url });
  onTestFinished(() => service.stop());
  expect(warmUps).toBe(3);
});

describe('at a stop', () => {
  const stopTime = async (service: Pick<ControlledService, 'stop'>) => {
    const startedAt = performance.now();
    await service.stop();
    return performance.now() - startedAt;
  };

  test('health is NOT_SERVING first, and a call in flight ends as usual, with its use of the database', async () => {
    const controlled = await startControlledService();
    const { publicPort, internalPort } = controlled.service;
    let release = () => {};
    let begun = false;
    controlled.handler = async (request, database) => {
      begun = true;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      await (await database.connect()).executeRaw({ sql: 'SELECT 1', args: [], argTypes: [] });
      return someone(request);
    };
    const call = controlled.api.getAuthor({ id: '7' });
    const statuses: string[] = [];
    const readiness = watchHealth(publicPort, '', (status) => statuses.push(status));
    const liveness = watchHealth(publicPort, LIVENESS, (status) => statuses.push(`liveness ${status}`));
    await expect.poll(() => begun && statuses.length === 2).toBe(true);

    const stopped = controlled.service.stop();
    await expect.poll(() => statuses).toContain('NOT_SERVING');
    // No new connection is accepted while the call goes on.
    await expect.poll(() => healthOf(internalPort)).toBe('UNAVAILABLE');
    release();
    expect(await call).toMatchObject({ id: '7' });
    readiness.close();
    liveness.close();
    await stopped;
    expect(statuses).not.toContain('liveness NOT_SERVING');
    controlled.api.close();
  });

  test('a call that does not end is cut off at the limit', async () => {
    const controlled = await startControlledService({ DRAIN_TIMEOUT_MS: '200' });
    let begun = false;
    controlled.handler = () => {
      begun = true;
      return new Promise(() => {});
    };
    const call = failureOf(controlled.api.getAuthor());
    await expect.poll(() => begun).toBe(true);
    expect(await stopTime(controlled.service)).toBeLessThan(5_000);
    expect(['UNAVAILABLE', 'CANCELLED']).toContain((await call).code);
    controlled.api.close();
  });

  test('an idle client and a watch of health do not delay it', async () => {
    const controlled = await startControlledService();
    await controlled.api.getAuthor();
    const statuses: string[] = [];
    const watch = watchHealth(controlled.service.publicPort, '', (status) => statuses.push(status));
    await expect.poll(() => statuses).toHaveLength(1);
    expect(await stopTime(controlled.service)).toBeLessThan(5_000);
    watch.close();
    controlled.api.close();
  });

  test('a database that is away does not delay it beyond its own time limits', async () => {
    const { url } = await newDatabase();
    const network = await startDatabaseProxy(url);
    const service = await startTestService(controlledDefinition().definition, { DATABASE_URL: network.url });
    const api = promiseClient(AuthorServiceClient, service.publicPort);
    await api.getAuthor();
    network.freeze();
    expect(await stopTime(service)).toBeLessThan(6_000);
    api.close();
    await network.stop();
  });
});

/** Calls `onStatus` with each status of the health service's Watch. */
function watchHealth(port: number, service: string, onStatus: (status: string) => void): { close(): void } {
  const client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = client.watch({ service });
  call.on('data', ({ status }: HealthCheckResponse) => onStatus(ServingStatus[status])).on('error', () => {});
  const close = () => {
    call.cancel();
    client.close();
  };
  return { close };
}
