import { createServer } from 'node:net';
import { AuthorServiceClient, AuthorServiceService } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  healthOf,
  promiseClient,
  startDatabaseProxy,
  startTestService,
  testEnvironment,
} from '@bookstore/sandbox/testing';
import { LIVENESS, type RunningService, SettingsError, startService } from '@bookstore/service-kit';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import pg from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { controlledDefinition, someone, startControlledService } from './controlled-service.js';

const UNREACHABLE = 'postgresql://nobody@127.0.0.1:1/none';

describe('a service does not start', () => {
  const problemsOf = async (env: Record<string, string>) => {
    const failure = await startService(controlledDefinition().definition, env).then(
      (service: RunningService) => service.stop().then(() => undefined),
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(SettingsError);
    return (failure as SettingsError).message;
  };
  const { AUTH: _, ...withoutAuth } = testEnvironment({ DATABASE_URL: UNREACHABLE });

  test('without being told who may call', async () => {
    expect(await problemsOf(withoutAuth)).toContain('AUTH is not set');
  });

  test('with AUTH=off on an address beyond loopback', async () => {
    for (const LISTEN_HOST of ['0.0.0.0', '::', '192.0.2.1', 'example.com']) {
      expect(await problemsOf({ ...withoutAuth, AUTH: 'off', LISTEN_HOST })).toContain('LISTEN_HOST on loopback');
    }
  });

  test('with a database that no URL names, or one that says its password when it fails', async () => {
    for (const DATABASE_URL of ['not a url', 'mysql://root:hunter2@db/x', 'postgresql://root:hunter2@:99999/x']) {
      const message = await problemsOf({ ...withoutAuth, AUTH: 'off', DATABASE_URL });
      expect(message).toContain('DATABASE_URL must be a postgresql:// URL');
      expect(message).not.toContain('hunter2');
    }
  });

  test.each([
    ['options=-c%20TimeZone%3DUTC', 'may have no parameters but host, port, user, password, sslmode,'],
    ['pgbouncer=true', 'may have no parameters but'],
    ['connection_limit=5', 'may have no parameters but'],
    ['uselibpqcompat=true&sslmode=require', 'may have no parameters but'],
    ['application_name=x', 'may have no parameters but'],
    ['schema=app', 'may have no schema but public'],
    ['sslmode=prefer', 'may have no sslmode but disable, no-verify, require, verify-ca, verify-full'],
    ['sslmode=verify-fulll', 'may have no sslmode but'],
    ['sslmode=', 'may have no sslmode but'],
  ])('with %s in the URL of its database, and says what is supported', async (parameters, said) => {
    const DATABASE_URL = `postgresql://root:hunter2@db/x?${parameters}`;
    const message = await problemsOf({ ...withoutAuth, AUTH: 'off', DATABASE_URL });
    expect(message).toContain(`DATABASE_URL ${said}`);
    expect(message).not.toContain('hunter2');
  });

  test('with several hosts in the URL of its database', async () => {
    const DATABASE_URL = 'postgresql://root:hunter2@db1,db2/x';
    expect(await problemsOf({ ...withoutAuth, AUTH: 'off', DATABASE_URL })).toContain(
      'DATABASE_URL must name one host',
    );
  });

  test('with every bad variable named at once', async () => {
    const message = await problemsOf({ PUBLIC_PORT: 'x', LOG_LEVEL: 'loud' });
    for (const name of ['PUBLIC_PORT', 'INTERNAL_PORT', 'AUTH', 'DATABASE_URL', 'LOG_LEVEL']) {
      expect(message).toContain(name);
    }
  });

  test('on a port that is taken, and leaves nothing open', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { url, adminUrl } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
    const starting = startService(
      controlledDefinition().definition,
      testEnvironment({ DATABASE_URL: url, INTERNAL_PORT: String(port) }),
    );
    await expect(starting).rejects.toThrow(`the internal port ${port} on 127.0.0.1 cannot be opened`);

    const admin = new pg.Client(adminUrl);
    await admin.connect();
    await expect
      .poll(async () => {
        const sql = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'author_service'";
        return (await admin.query(sql)).rowCount;
      })
      .toBe(0);
    await admin.end();
    taken.close();
  });

  test('with a method that nobody handles', async () => {
    const { definition } = controlledDefinition();
    const { listAuthors } = AuthorServiceService;
    const env = testEnvironment({ DATABASE_URL: UNREACHABLE });
    const more = {
      ...definition,
      public: { 'bookstore.author.v1.AuthorService': { listAuthors } },
    };
    await expect(startService(more as typeof definition, env)).rejects.toThrow(
      'no controller handles /bookstore.author.v1.AuthorService/ListAuthors',
    );
  });
});

test('a service with AUTH=off may be opened beyond loopback on purpose', async () => {
  const { url } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  const service = await startTestService(controlledDefinition().definition, {
    DATABASE_URL: url,
    LISTEN_HOST: '0.0.0.0',
    AUTH_OFF_BEYOND_LOOPBACK: 'yes',
  });
  await service.stop();
});

describe('while a service stops', () => {
  test('a call in flight ends as it should, its use of the database too; health says so first', async () => {
    const controlled = await startControlledService();
    const { publicPort, internalPort } = controlled.service;
    let letGo = () => {};
    let begun = false;
    controlled.handler = async (request, database) => {
      begun = true;
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      await (await database.connect()).executeRaw({ sql: 'SELECT 1', args: [], argTypes: [] });
      return someone(request);
    };
    const call = controlled.api.getAuthor({ id: '7' });
    const statuses: string[] = [];
    const watching = watchHealth(publicPort, '', (status) => statuses.push(status));
    const liveness = watchHealth(publicPort, LIVENESS, (status) => statuses.push(`liveness ${status}`));
    await expect.poll(() => begun && statuses.length === 2).toBe(true);

    const stopped = controlled.service.stop();
    await expect.poll(() => statuses).toContain('NOT_SERVING');
    // No new connection is taken while the old call goes on.
    await expect.poll(() => healthOf(internalPort)).toBe('UNAVAILABLE');
    letGo();
    expect(await call).toMatchObject({ id: '7' });
    watching.close();
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
    const startedAt = performance.now();
    await controlled.service.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(['UNAVAILABLE', 'CANCELLED']).toContain((await call).code);
    controlled.api.close();
  });

  test('an idle client does not hold it up', async () => {
    const controlled = await startControlledService();
    await controlled.api.getAuthor();
    const startedAt = performance.now();
    await controlled.service.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    controlled.api.close();
  });

  test('a watch of its health does not hold it up', async () => {
    const controlled = await startControlledService();
    let told = 0;
    const watching = watchHealth(controlled.service.publicPort, '', () => told++);
    await expect.poll(() => told).toBe(1);
    const startedAt = performance.now();
    await controlled.service.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    watching.close();
    controlled.api.close();
  });
});

test('a service stops while its database is away', async () => {
  const { url } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  const network = await startDatabaseProxy(url);
  const service = await startTestService(controlledDefinition().definition, { DATABASE_URL: network.url });
  const api = promiseClient(AuthorServiceClient, service.publicPort);
  await api.getAuthor();
  network.freeze();
  const startedAt = performance.now();
  await service.stop();
  expect(performance.now() - startedAt).toBeLessThan(6_000);
  api.close();
  await network.stop();
});

/** Tells of each status that the health service's Watch tells of. */
function watchHealth(port: number, name: string, onStatus: (status: string) => void): { close(): void } {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const request = Buffer.concat([Buffer.of(0x0a, name.length), Buffer.from(name)]);
  const call = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (bytes: Buffer) => bytes,
    // HealthCheckResponse has one field: status = 1.
    (bytes) => ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][bytes[1] ?? 0] ?? '',
    request,
    new Metadata(),
  );
  call.on('data', onStatus).on('error', () => {});
  return {
    close: () => {
      call.cancel();
      client.close();
    },
  };
}
