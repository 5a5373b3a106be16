import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createSecureContext, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { CertificateAuthority } from '@bookstore/dev-credentials/certificate-authority';
import { AuthorServiceClient } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  healthOf,
  promiseClient,
  startDatabaseProxy,
  startTestService,
  testEnvironment,
} from '@bookstore/sandbox/testing';
import pg from 'pg';
import { afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { authorService } from '../src/author-service.js';
import { newAuthor } from './start-authors.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** A process takes its time to start where others do, too. */
const STARTS = { timeout: 30_000 };

let database: URL;
beforeAll(async () => {
  database = new URL((await createServiceDatabase(inject('postgresUrl'), 'author-service')).url);
});

let ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

/** The service's database, with this much changed in its URL. */
function databaseWith(change: Partial<URL>, parameters: Record<string, string> = {}): string {
  const url = Object.assign(new URL(database), change);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** The service's own process, and what its log says. */
interface ServiceProcess {
  readonly child: ChildProcess;
  /** What is said of the database, line by line. */
  readonly missing: string[];
  /** Every line of at least a warning. */
  readonly warnings: Array<Record<string, unknown>>;
  readonly errors: () => string;
  publicPort(): Promise<number>;
}

function startProcess(env: Record<string, string>): ServiceProcess {
  const settings = testEnvironment({ LOG_LEVEL: 'info', BOOK_SERVICE_ADDRESS: '127.0.0.1:1', ...env });
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env.PATH, ...settings } });
  const ended = new Promise((resolve) => child.once('close', resolve));
  ends.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const missing: string[] = [];
  const warnings: Array<Record<string, unknown>> = [];
  const port = new Promise<number>((resolve) => {
    createInterface(child.stdout).on('line', (text) => {
      const line = JSON.parse(text);
      if (line.missing !== undefined) missing.push(line.missing);
      if (line.level !== 'info') warnings.push(line);
      if (line.publicPort !== undefined) resolve(line.publicPort);
    });
  });
  return { child, missing, warnings, errors: () => errors, publicPort: () => port };
}

/** A stretch of network to the database that does this to a new connection. */
async function startNetwork(onConnection: (client: Socket, upstream: Socket) => void): Promise<{ port: string }> {
  const sockets = new Set<Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(database.port), database.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    onConnection(client, upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: String((server.address() as net.AddressInfo).port) };
}

/** A server with this certificate, as PostgreSQL does TLS. */
async function startTls(certificate: { certificate: string; privateKey: string }) {
  const secureContext = createSecureContext({ cert: certificate.certificate, key: certificate.privateKey });
  return startNetwork((client, upstream) => {
    client.once('data', () => {
      client.write('S');
      const tls = new TLSSocket(client, { isServer: true, secureContext });
      tls.on('error', () => {});
      tls.pipe(upstream).pipe(tls);
    });
  });
}

/** A pooler that drops the parameter `options`, as PgBouncer does with ignore_startup_parameters. */
const startPooler = () =>
  startNetwork((client, upstream) => {
    client.once('data', (startup: Buffer) => {
      const parameters = startup.subarray(8).toString('latin1').split('\0');
      const at = parameters.indexOf('options');
      parameters.splice(at, 2);
      const body = Buffer.from(parameters.join('\0'), 'latin1');
      const head = Buffer.alloc(8);
      head.writeInt32BE(8 + body.length);
      startup.copy(head, 4, 4, 8);
      upstream.write(Buffer.concat([head, body]));
      client.pipe(upstream).pipe(client);
    });
  });

/** PgBouncer as it is without that. */
const startStrictPooler = () =>
  startNetwork((client) => {
    client.once('data', () => {
      const fields = ['SFATAL', 'C08P01', 'Munsupported startup parameter: options', ''].join('\0');
      const head = Buffer.from('E\0\0\0\0');
      head.writeInt32BE(4 + fields.length + 1, 1);
      client.end(Buffer.concat([head, Buffer.from(`${fields}\0`)]));
    });
  });

const NO_POOLER = 'a pooler in between, such as PgBouncer, is not supported; connect to PostgreSQL itself';

describe('the log says once, in a line, why the service waits:', () => {
  test.each<[string, () => string | Promise<string>, RegExp]>([
    [
      'a wrong password',
      () => databaseWith({ password: 'wrong' }),
      /password authentication failed for user "author_service"/,
    ],
    ['a missing password', () => databaseWith({ password: '' }), /password/],
    ['a wrong role', () => databaseWith({ username: 'nobody' }), /password authentication failed for user "nobody"/],
    ['a wrong database', () => databaseWith({ pathname: '/none' }), /database "none" does not exist/],
    ['a wrong host', () => databaseWith({ hostname: 'none.invalid' }), /(ENOTFOUND|EAI_AGAIN) none\.invalid/],
    ['a wrong port', () => databaseWith({ port: '1' }), /ECONNREFUSED 127\.0\.0\.1:1/],
    [
      'a wrong port of a host with several addresses',
      () => databaseWith({ hostname: 'localhost', port: '1' }),
      /ECONNREFUSED/,
    ],
    ['a socket that is not there', () => databaseWith({}, { host: '/none' }), /ENOENT \/none\//],
    ['no TLS', () => databaseWith({}, { sslmode: 'verify-full' }), /does not support SSL connections/],
    [
      'a certificate of an unknown authority',
      async () => {
        const issued = await (await CertificateAuthority.create(1)).issue({
          dnsNames: ['localhost'],
          usages: ['server'],
        });
        return databaseWith({ hostname: 'localhost', ...(await startTls(issued)) }, { sslmode: 'require' });
      },
      /unable to verify the first certificate|self-signed certificate/,
    ],
    [
      'a pooler that refuses parameters',
      async () => databaseWith(await startStrictPooler()),
      new RegExp(`unsupported startup parameter: options: ${NO_POOLER}$`),
    ],
    [
      'a pooler that drops parameters',
      async () => databaseWith(await startPooler()),
      new RegExp(`sessions do not have the \\w+ that was asked for: ${NO_POOLER}$`),
    ],
  ])('%s', async (_what, url, said) => {
    const service = startProcess({ DATABASE_URL: await url() });
    await expect.poll(() => service.missing, STARTS).toEqual([expect.stringMatching(said)]);
    const port = await service.publicPort();
    expect(await healthOf(port)).toBe('NOT_SERVING');
    const api = promiseClient(AuthorServiceClient, port);
    ends.push(() => api.close());
    for (let call = 0; call < 20; call++) {
      expect(await failureOf(api.listAuthors())).toMatchObject(AWAY);
    }
    expect(
      service.warnings.filter((line) => line.missing === undefined && !String(line.msg).startsWith('AUTH=off')),
    ).toEqual([]);
    expect(service.missing).toHaveLength(1);
    expect(service.errors()).toBe('');
  });
});

const AWAY = {
  code: 'UNAVAILABLE',
  reason: 'DATABASE_UNAVAILABLE',
  metadata: {},
  message: 'the database does not answer; try again',
};

describe('a database with a certificate of its own authority', () => {
  let folder: string;
  let authority: CertificateAuthority;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'database-ca-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    authority = await CertificateAuthority.create(1);
    writeFileSync(path.join(folder, 'ca.crt'), authority.certificate);
  });
  const withCa = async (dnsName: string, sslmode: string) => {
    const issued = await authority.issue({ dnsNames: [dnsName], usages: ['server'] });
    const parameters = { sslmode, sslrootcert: path.join(folder, 'ca.crt') };
    return databaseWith({ hostname: 'localhost', ...(await startTls(issued)) }, parameters);
  };

  test.each(['require', 'verify-ca', 'verify-full'])('serves with sslmode=%s and sslrootcert', async (sslmode) => {
    const service = startProcess({ DATABASE_URL: await withCa('localhost', sslmode) });
    const port = await service.publicPort();
    await expect.poll(() => healthOf(port), STARTS).toBe('SERVING');
    expect(service.errors()).toBe('');
  });

  test.each(['require', 'verify-ca', 'verify-full'])('and another name is refused with sslmode=%s', async (sslmode) => {
    const service = startProcess({ DATABASE_URL: await withCa('db.example', sslmode) });
    await expect.poll(() => service.missing, STARTS).toEqual([expect.stringContaining('Hostname/IP does not match')]);
  });
});

test('a cause that changes is said anew, and what callers learn does not change', async () => {
  const name = `role_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Client(inject('postgresUrl'));
  await admin.connect();
  ends.push(async () => {
    await admin.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`).catch(() => {});
    await admin.end();
  });
  await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'one' IN ROLE author_service`);
  const network = await startDatabaseProxy(databaseWith({ username: name, password: 'two' }));
  ends.push(() => network.stop());

  network.cut();
  const service = startProcess({ DATABASE_URL: network.url });
  await expect.poll(() => service.missing, STARTS).toHaveLength(1);
  network.heal();
  await expect.poll(() => service.missing).toHaveLength(2);
  await admin.query(`ALTER ROLE ${name} PASSWORD 'two'`);
  const port = await service.publicPort();
  await expect.poll(() => healthOf(port)).toBe('SERVING');
  const api = promiseClient(AuthorServiceClient, port);
  ends.push(() => api.close());
  await api.createAuthor(newAuthor());

  // While it runs: the password changes, and the connections end.
  await admin.query(`ALTER ROLE ${name} PASSWORD 'three'`);
  network.cut();
  network.heal();
  const refused = () => service.missing.filter((line) => line.includes('password authentication failed'));
  await expect.poll(refused).toHaveLength(2); // the first was at the start
  const failures = await Promise.all(Array.from({ length: 30 }, () => failureOf(api.createAuthor(newAuthor()))));
  for (const failure of failures) expect(failure).toMatchObject(AWAY);
  const lines = service.warnings.filter(({ msg }) => msg === 'calls fail with DATABASE_UNAVAILABLE');
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(5);
  expect(JSON.stringify(lines)).toContain('28P01');
  expect(JSON.stringify(service.warnings)).not.toContain('three');

  await admin.query(`ALTER ROLE ${name} PASSWORD 'two'`);
  await expect.poll(() => healthOf(port)).toBe('SERVING');
  await api.createAuthor(newAuthor());
  expect(refused()).toHaveLength(2);
});

test('a Unix socket that goes away is a database that does not answer, and serves when it is back', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'database-socket-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  const listen = async () => {
    const sockets = new Set<Socket>();
    const server = net.createServer((client) => {
      const upstream = net.connect(Number(database.port), database.hostname);
      for (const socket of [client, upstream]) socket.on('error', () => {}) && sockets.add(socket);
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => server.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
    return () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    };
  };
  const leave = await listen();
  const service = await startTestService(authorService, {
    DATABASE_URL: databaseWith({ hostname: 'localhost', port: '5432' }, { host: folder }),
    BOOK_SERVICE_ADDRESS: '127.0.0.1:1',
  });
  ends.push(() => service.stop());
  const api = promiseClient(AuthorServiceClient, service.publicPort);
  ends.push(() => api.close());
  const { id } = await api.createAuthor(newAuthor());
  leave();
  await expect.poll(() => healthOf(service.publicPort)).toBe('NOT_SERVING');
  for (const call of [
    () => api.createAuthor(newAuthor()),
    () => api.getAuthor({ id }),
    () => api.deleteAuthor({ id }),
  ]) {
    expect(await failureOf(call())).toMatchObject(AWAY);
  }
  ends.push(await listen());
  await expect.poll(() => healthOf(service.publicPort)).toBe('SERVING');
  expect(await api.getAuthor({ id })).toMatchObject({ id });
});
