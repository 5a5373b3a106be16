import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { CertificateAuthority, type Holder, type KeyPair } from '@bookstore/dev-credentials/certificate-authority';
import { AuthorReferenceServiceClient } from '@bookstore/proto';
import { createServiceDatabase, http2Call } from '@bookstore/sandbox/testing';
import { kitSettings, peerClient, type RunningService, readSettings, startService } from '@bookstore/service-kit';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { createLogger } from '../src/log/logger.js';
import { countingDefinition } from './secured-service.js';

const WAIT = { timeout: 10_000 };
const CLOSE_AUTHOR = '/bookstore.book.v1.AuthorReferenceService/CloseAuthor';
const PEER: Holder = { dnsNames: ['book-service'], usages: ['client', 'server'] };

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-tls-'));
const file = (name: string) => path.join(folder, name);
const logger = createLogger('test', { LOG_LEVEL: 'error', LOG_FORMAT: 'json' });
const handled: string[] = [];
let authority: CertificateAuthority;
let env: Record<string, string>;
let service: RunningService;

/** The key first, so that for a moment the two do not belong together. */
function write(name: string, { certificate, privateKey }: KeyPair): void {
  for (const [extension, content] of Object.entries({ key: privateKey, crt: certificate })) {
    writeFileSync(file(`${name}.new`), content);
    renameSync(file(`${name}.new`), file(`${name}.${extension}`));
  }
}

beforeAll(async () => {
  authority = await CertificateAuthority.create(1);
  writeFileSync(file('ca.crt'), authority.certificate);
  write('own', await authority.issue({ dnsNames: ['author-service', 'localhost'], usages: ['server', 'client'] }));
  env = {
    AUTH: 'off',
    LISTEN_HOST: '127.0.0.1',
    PUBLIC_PORT: '0',
    INTERNAL_PORT: '0',
    DATABASE_URL: (await createServiceDatabase(inject('postgresUrl'), 'author-service')).url,
    LOG_LEVEL: 'error',
    READINESS_INTERVAL_MS: '20',
    INTERNAL_PEER_NAMES: 'book-service,review-service',
    TLS_CERT_FILE: file('own.crt'),
    TLS_KEY_FILE: file('own.key'),
    INTERNAL_TLS_CERT_FILE: file('own.crt'),
    INTERNAL_TLS_KEY_FILE: file('own.key'),
    INTERNAL_TLS_CA_FILE: file('ca.crt'),
  };
  service = await startService(countingDefinition(handled), env);
  const peer = await authority.issue(PEER);
  await vi.waitFor(async () => expect(await callAs(peer)).toBe('OK'), WAIT);
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

function open(port: number, pair?: KeyPair): ClientHttp2Session {
  return connect(`https://localhost:${port}`, {
    ca: authority.certificate,
    ...(pair && { cert: pair.certificate, key: pair.privateKey }),
  });
}

/** What the holder of a certificate is answered on the internal port; `refused` when TLS lets no call through. */
async function callAs(pair: KeyPair | undefined): Promise<string> {
  const session = open(service.internalPort, pair);
  session.on('error', () => {});
  const { code, reason } = await http2Call(session, CLOSE_AUTHOR);
  session.destroy();
  return code.startsWith('stream closed') ? 'refused' : [code, reason].filter(Boolean).join(' ');
}

test.each<[string, string, () => Promise<KeyPair | undefined>]>([
  ['the peer', 'OK', () => authority.issue(PEER)],
  ['another peer of the list', 'OK', () => authority.issue({ ...PEER, dnsNames: ['review-service'] })],
  ['nobody', 'refused', async () => undefined],
  ['the peer, says another authority', 'refused', async () => (await CertificateAuthority.create(1)).issue(PEER)],
  ['the peer of yesterday', 'refused', () => authority.issue({ ...PEER, notBefore: 0, notAfter: Date.now() - 1000 })],
  ['the peer of tomorrow', 'refused', () => authority.issue({ ...PEER, notBefore: Date.now() + 600_000 })],
  ['a server that is no client', 'refused', () => authority.issue({ ...PEER, usages: ['server'] })],
  [
    'another service',
    'UNAUTHENTICATED CREDENTIALS_INVALID',
    () => authority.issue({ ...PEER, dnsNames: ['author-service'] }),
  ],
  ['any service', 'UNAUTHENTICATED CREDENTIALS_INVALID', () => authority.issue({ ...PEER, dnsNames: ['*'] })],
  [
    'a service whose name begins alike',
    'UNAUTHENTICATED CREDENTIALS_INVALID',
    () => authority.issue({ ...PEER, dnsNames: ['book-service.example'] }),
  ],
])('a caller of the internal port whose certificate says it is %s: %s', async (_, outcome, issue) => {
  handled.length = 0;
  expect(await callAs(await issue())).toBe(outcome);
  expect(handled).toEqual(outcome === 'OK' ? [CLOSE_AUTHOR] : []);
});

test('health of the internal port is for the peer alone', async () => {
  const session = open(service.internalPort, await authority.issue({ ...PEER, dnsNames: ['another'] }));
  expect((await http2Call(session, '/grpc.health.v1.Health/Check')).code).toBe('UNAUTHENTICATED');
  session.close();
});

test('our client of the internal port talks to nobody but the holder of the name', async () => {
  write('client', await authority.issue(PEER));
  const outcomes: Record<string, string> = {};
  for (const name of ['author-service', 'book-service']) {
    const settings = readSettings(kitSettings, {
      ...env,
      INTERNAL_TLS_CERT_FILE: file('client.crt'),
      INTERNAL_TLS_KEY_FILE: file('client.key'),
    });
    const peer = { name, address: `127.0.0.1:${service.internalPort}`, idempotent: [] };
    const { client, close } = peerClient(AuthorReferenceServiceClient, peer, settings, logger);
    outcomes[name] = await new Promise((resolve) =>
      client.closeAuthor({ opId: '', authorId: '', force: false }, (error) => resolve(error ? 'failed' : 'OK')),
    );
    close();
  }
  expect(outcomes).toEqual({ 'author-service': 'OK', 'book-service': 'failed' });
});

test('certificates rotate under load: no call fails, and new connections see the new one', async () => {
  const peer = await authority.issue(PEER);
  const failures: string[] = [];
  let running = true;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (running) {
        const outcome = await callAs(peer);
        if (outcome !== 'OK') failures.push(outcome);
      }
    }),
  );
  const before = await shownSerial();
  write('own', await authority.issue({ dnsNames: ['author-service', 'localhost'], usages: ['server', 'client'] }));
  await vi.waitFor(async () => expect(await shownSerial()).not.toBe(before), WAIT);
  running = false;
  await load;
  expect(failures).toEqual([]);
});

test('files that are no certificates change nothing', async () => {
  const peer = await authority.issue(PEER);
  const before = await shownSerial();
  writeFileSync(file('own.crt'), 'no certificate');
  expect(await callAs(peer)).toBe('OK');
  expect(await shownSerial()).toBe(before);
});

/** The serial number of the certificate that a new connection to the public port is shown. */
async function shownSerial(): Promise<string> {
  const session = open(service.publicPort);
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject));
  const serial = (session.socket as unknown as TLSSocket).getPeerCertificate().serialNumber;
  session.destroy();
  return serial;
}
