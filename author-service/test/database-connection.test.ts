import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createSecureContext, TLSSocket } from 'node:tls';
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
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { authorService } from '../src/author-service.js';
import { newAuthor } from './start-authors.js';

/** A machine that runs other tests starts a process slowly. */
const STARTED = { timeout: 30_000 };
const PATIENT = { DATABASE_ACQUIRE_TIMEOUT_MS: '30000' };
const AWAY = {
  code: 'UNAVAILABLE',
  reason: 'DATABASE_UNAVAILABLE',
  metadata: {},
  message: 'the database does not answer; try again',
};
const NO_POOLER = 'a pooler in between, such as PgBouncer, is not supported; connect to PostgreSQL itself';

/** A role whose password changes while the service runs. */
const ROLE = `author_service_${process.pid}`;

/** What the log says of a database that cannot be used, by what is wrong. */
const refused: Record<string, RegExp> = {
  'a wrong password': /password authentication failed for user "author_service"/,
  'a missing password': /password/,
  'a wrong role': /password authentication failed for user "nobody"/,
  'a wrong database': /database "none" does not exist/,
  'a wrong host': /(ENOTFOUND|EAI_AGAIN) none\.invalid/,
  'a wrong port': /ECONNREFUSED 127\.0\.0\.1:1/,
  'a wrong port of a host with several addresses': /ECONNREFUSED/,
  'a missing socket': /ENOENT \/none\//,
  'no TLS': /does not support SSL connections/,
  'a certificate of an unknown authority': /unable to verify the first certificate|self-signed certificate/,
  'a certificate with another name, sslmode=require': /Hostname\/IP does not match/,
  'a certificate with another name, sslmode=verify-full': /Hostname\/IP does not match/,
  'a pooler that refuses parameters': new RegExp(`unsupported startup parameter: options: ${NO_POOLER}$`),
  'a pooler that drops parameters': new RegExp(`sessions do not have the \\w+ that was asked for: ${NO_POOLER}$`),
};
const served = ['require', 'verify-ca', 'verify-full'].map((mode) => `sslmode=${mode} and sslrootcert`);

let folder: string;
let database: URL;
let admin: pg.Client;
let roleNetwork: Awaited<ReturnType<typeof startDatabaseProxy>>;
let services: ServicesProcess;
const servers: { close(): void }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'database-connection-'));
  database = new URL((await createServiceDatabase(inject('postgresUrl'), 'author-service')).url);
  admin = new pg.Client(inject('postgresUrl'));
  await admin.connect();
  await admin.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD 'one' IN ROLE author_service`);
  roleNetwork = await startDatabaseProxy(databaseWith({ username: ROLE, password: 'two' }));
  roleNetwork.cut();
  services = new ServicesProcess({ ...(await databaseUrls()), 'a changing password': roleNetwork.url });
});
afterAll(async () => {
  await services?.stop();
  await roleNetwork?.stop();
  for (const server of servers) server.close();
  await admin?.query(`DROP ROLE ${ROLE}`);
  await admin?.end();
  rmSync(folder, { recursive: true });
});

async function databaseUrls(): Promise<Record<string, string>> {
  const [authority, unknown] = [await CertificateAuthority.create(1), await CertificateAuthority.create(1)];
  const sslrootcert = path.join(folder, 'ca.crt');
  writeFileSync(sslrootcert, authority.certificate);
  const issue = (from: CertificateAuthority, name: string) => from.issue({ dnsNames: [name], usages: ['server'] });
  const hostname = 'localhost';
  const own = { hostname, ...(await startTls(await issue(authority, 'localhost'))) };
  const another = { hostname, ...(await startTls(await issue(authority, 'db.example'))) };
  const foreign = { hostname, ...(await startTls(await issue(unknown, 'localhost'))) };
  return {
    'a wrong password': databaseWith({ password: 'wrong' }),
    'a missing password': databaseWith({ password: '' }),
    'a wrong role': databaseWith({ username: 'nobody' }),
    'a wrong database': databaseWith({ pathname: '/none' }),
    'a wrong host': databaseWith({ hostname: 'none.invalid' }),
    'a wrong port': databaseWith({ port: '1' }),
    'a wrong port of a host with several addresses': databaseWith({ hostname, port: '1' }),
    'a missing socket': databaseWith({}, { host: '/none' }),
    'no TLS': databaseWith({}, { sslmode: 'verify-full' }),
    'a certificate of an unknown authority': databaseWith(foreign, { sslmode: 'require' }),
    'a certificate with another name, sslmode=require': databaseWith(another, { sslmode: 'require', sslrootcert }),
    'a certificate with another name, sslmode=verify-full': databaseWith(another, {
      ...{ sslmode: 'verify-full', sslrootcert },
    }),
    'a pooler that refuses parameters': databaseWith(await startStrictPooler()),
    'a pooler that drops parameters': databaseWith(await startPooler()),
    'sslmode=require and sslrootcert': databaseWith(own, { sslmode: 'require', sslrootcert }),
    'sslmode=verify-ca and sslrootcert': databaseWith(own, { sslmode: 'verify-ca', sslrootcert }),
    'sslmode=verify-full and sslrootcert': databaseWith(own, { sslmode: 'verify-full', sslrootcert }),
  };
}

/** The URL of the service's database with these changes. */
function databaseWith(change: Partial<URL>, parameters: Record<string, string> = {}): string {
  const url = Object.assign(new URL(database), change);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** One service for each database, in one process of their own, whose log is read. */
class ServicesProcess {
  readonly #child: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  errors = '';

  constructor(databaseUrls: Record<string, string>) {
    const settings = (DATABASE_URL: string) =>
      testEnvironment({ ...PATIENT, LOG_LEVEL: 'info', BOOK_SERVICE_ADDRESS: '127.0.0.1:1', DATABASE_URL });
    const all = Object.entries(databaseUrls).map(([name, url]) => [name, settings(url)]);
    const program = path.join(import.meta.dirname, 'many-services.mjs');
    this.#child = spawn(process.execPath, [program, JSON.stringify(Object.fromEntries(all))]);
    this.#child.stderr?.on('data', (text) => {
      this.errors += text;
    });
    if (this.#child.stdout)
      createInterface(this.#child.stdout).on('line', (line) => this.#lines.push(JSON.parse(line)));
  }

  linesOf(service: string) {
    return this.#lines.filter((line) => line.service === service);
  }

  /** What a service has said is wrong with its database. */
  missing(service: string): string[] {
    return this.linesOf(service).flatMap(({ missing }) => (missing === undefined ? [] : [String(missing)]));
  }

  warnings(service: string) {
    // OpenTelemetry has one logger for the process.
    const isOther = ({ missing, msg, library }: Record<string, unknown>) =>
      missing !== undefined || library === 'opentelemetry' || String(msg).startsWith('AUTH=off');
    return this.linesOf(service).filter((line) => line.level !== 'info' && !isOther(line));
  }

  async portOf(service: string): Promise<number> {
    const port = () => this.linesOf(service).find(({ publicPort }) => publicPort)?.publicPort;
    await expect.poll(port, STARTED).toBeDefined();
    return Number(port());
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }
}

/** A server before the database that does this to each new connection. */
async function startNetwork(onConnection: (client: Socket, upstream: Socket) => void, at: string | number = 0) {
  const sockets = new Set<Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(database.port), database.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    onConnection(client, upstream);
  });
  await new Promise<void>((resolve) => server.listen(at, resolve));
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  servers.push({ close });
  return { close, port: String((server.address() as net.AddressInfo | null)?.port) };
}

/** Speaks TLS with this certificate as PostgreSQL does. */
function startTls({ certificate, privateKey }: { certificate: string; privateKey: string }) {
  const secureContext = createSecureContext({ cert: certificate, key: privateKey });
  return startNetwork((client, upstream) => {
    client.once('data', () => {
      client.write('S');
      const tls = new TLSSocket(client, { isServer: true, secureContext });
      tls.on('error', () => {});
      tls.pipe(upstream).pipe(tls);
    });
  });
}

/** Drops the parameter `options`, as PgBouncer does with ignore_startup_parameters. */
const startPooler = () =>
  startNetwork((client, upstream) => {
    client.once('data', (startup: Buffer) => {
      const parameters = startup.subarray(8).toString('latin1').split('\0');
      parameters.splice(parameters.indexOf('options'), 2);
      const body = Buffer.from(parameters.join('\0'), 'latin1');
      const head = Buffer.alloc(8);
      head.writeInt32BE(8 + body.length);
      startup.copy(head, 4, 4, 8);
      upstream.write(Buffer.concat([head, body]));
      client.pipe(upstream).pipe(client);
    });
  });

/** Refuses the parameter `options`, as PgBouncer does by default. */
const startStrictPooler = () =>
  startNetwork((client) => {
    client.once('data', () => {
      const fields = ['SFATAL', 'C08P01', 'Munsupported startup parameter: options', ''].join('\0');
      const head = Buffer.from('E\0\0\0\0');
      head.writeInt32BE(4 + fields.length + 1, 1);
      client.end(Buffer.concat([head, Buffer.from(`${fields}\0`)]));
    });
  });

test.each(Object.entries(refused))(
  '%s: the log says so once, and calls fail with DATABASE_UNAVAILABLE',
  async (name, logged) => {
    const port = await services.portOf(name);
    await expect.poll(() => services.missing(name), STARTED).toEqual([expect.stringMatching(logged)]);
    expect(await healthOf(port)).toBe('NOT_SERVING');
    const api = promiseClient(AuthorServiceClient, port);
    for (let call = 0; call < 5; call++) expect(await failureOf(api.listAuthors())).toMatchObject(AWAY);
    api.close();
    expect(services.warnings(name)).toEqual([]);
    expect(services.missing(name)).toHaveLength(1);
  },
);

test.each(served)('the service serves with %s', async (name) => {
  const port = await services.portOf(name);
  await expect.poll(() => healthOf(port), STARTED).toBe('SERVING');
});

describe('a password that changes', () => {
  const name = 'a changing password';
  const refusals = () => services.missing(name).filter((line) => line.includes('password authentication failed'));

  test('each new cause is logged, and the service serves once the password is right', async () => {
    await expect.poll(() => services.missing(name), STARTED).not.toEqual([]);
    expect(refusals()).toEqual([]);
    roleNetwork.heal();
    await expect.poll(refusals, STARTED).toHaveLength(1);
    await admin.query(`ALTER ROLE ${ROLE} PASSWORD 'two'`);
    const port = await services.portOf(name);
    await expect.poll(() => healthOf(port)).toBe('SERVING');
  });

  test('while the service runs: calls fail with DATABASE_UNAVAILABLE, and the log has few lines and no password', async () => {
    const port = await services.portOf(name);
    const api = promiseClient(AuthorServiceClient, port);
    await api.createAuthor(newAuthor());
    await admin.query(`ALTER ROLE ${ROLE} PASSWORD 'three'`);
    roleNetwork.cut();
    roleNetwork.heal();
    await expect.poll(refusals).toHaveLength(2);
    const failures = await Promise.all(Array.from({ length: 30 }, () => failureOf(api.createAuthor(newAuthor()))));
    for (const failure of failures) expect(failure).toMatchObject(AWAY);
    const lines = services.warnings(name).filter(({ msg }) => msg === 'calls fail with DATABASE_UNAVAILABLE');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(5);
    expect(JSON.stringify(lines)).toContain('28P01');
    expect(JSON.stringify(services.linesOf(name))).not.toContain('three');

    await admin.query(`ALTER ROLE ${ROLE} PASSWORD 'two'`);
    await expect.poll(() => healthOf(port)).toBe('SERVING');
    await api.createAuthor(newAuthor());
    api.close();
    expect(services.errors).toBe('');
  });
});

test('a Unix socket that goes away is a database that does not answer, and the service serves when it is back', async () => {
  const listen = () =>
    startNetwork((client, upstream) => void client.pipe(upstream).pipe(client), path.join(folder, '.s.PGSQL.5432'));
  const socket = await listen();
  const service = await startTestService(authorService, {
    DATABASE_URL: databaseWith({ hostname: 'localhost', port: '5432' }, { host: folder }),
    BOOK_SERVICE_ADDRESS: '127.0.0.1:1',
  });
  const api = promiseClient(AuthorServiceClient, service.publicPort);
  onTestFinished(async () => {
    api.close();
    await service.stop();
  });
  const { id } = await api.createAuthor(newAuthor());
  socket.close();
  await expect.poll(() => healthOf(service.publicPort)).toBe('NOT_SERVING');
  const calls = [api.createAuthor(newAuthor()), api.getAuthor({ id }), api.deleteAuthor({ id })];
  for (const failure of await Promise.all(calls.map(failureOf))) expect(failure).toMatchObject(AWAY);
  await listen();
  await expect.poll(() => healthOf(service.publicPort)).toBe('SERVING');
  expect(await api.getAuthor({ id })).toMatchObject({ id });
});
