import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { CertificateAuthority, type Holder, type KeyPair } from '@bookstore/dev-credentials/certificate-authority';
import { AuthorReferenceServiceClient } from '@bookstore/proto';
import { createServiceDatabase, http2Call } from '@bookstore/sandbox/testing';
import { Peers, type RunningService, startService } from '@bookstore/service-kit';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CertificateFiles } from '../src/auth/certificate-files.js';
import { countingDefinition } from './secured-service.js';

const CLOSE_AUTHOR = '/bookstore.book.v1.AuthorReferenceService/CloseAuthor';
const PEER: Holder = { dnsNames: ['book-service'], usages: ['client', 'server'] };
const OWN: Holder = { dnsNames: ['author-service', 'localhost'], usages: ['server', 'client'] };

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-tls-'));
const file = (name: string) => path.join(folder, name);
const handled: string[] = [];
let authority: CertificateAuthority;
let env: Record<string, string>;
let service: RunningService;

/** The key first, so that for a moment the two do not fit together. */
function write(name: string, { certificate, privateKey }: KeyPair): void {
  for (const [extension, content] of Object.entries({ key: privateKey, crt: certificate })) {
    writeFileSync(file(`${name}.new`), content);
    renameSync(file(`${name}.new`), file(`${name}.${extension}`));
  }
}

beforeAll(async () => {
  authority = await CertificateAuthority.create(1);
  writeFileSync(file('ca.crt'), authority.certificate);
  write('own', await authority.issue(OWN));
  env = {
    AUTH: 'off',
    LISTEN_HOST: '127.0.0.1',
    PUBLIC_PORT: '0',
    INTERNAL_PORT: '0',
    DATABASE_URL: (await createServiceDatabase(inject('postgresUrl'), 'author-service')).url,
    LOG_LEVEL: 'error',
    INTERNAL_PEER_NAMES: 'book-service,review-service',
    TLS_CERT_FILE: file('own.crt'),
    TLS_KEY_FILE: file('own.key'),
    INTERNAL_TLS_CERT_FILE: file('own.crt'),
    INTERNAL_TLS_KEY_FILE: file('own.key'),
    INTERNAL_TLS_CA_FILE: file('ca.crt'),
  };
  service = await startService(countingDefinition(handled), env);
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true });
});

function open(port: number, pair?: KeyPair): ClientHttp2Session {
  const session = connect(`https://localhost:${port}`, {
    ca: authority.certificate,
    ...(pair && { cert: pair.certificate, key: pair.privateKey }),
  });
  return session.on('error', () => {});
}

/** The answer of the internal port to the holder of a certificate; `refused` by TLS. */
async function callAs(pair: KeyPair | undefined, method = CLOSE_AUTHOR): Promise<string> {
  const session = open(service.internalPort, pair);
  const { code, reason } = await http2Call(session, method);
  session.destroy();
  return code.startsWith('stream closed') ? 'refused' : [code, reason].filter(Boolean).join(' ');
}

/** The serial number of the certificate that the public port shows to a new connection. */
async function shownSerial(): Promise<string> {
  const session = open(service.publicPort);
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject));
  const serial = (session.socket as unknown as TLSSocket).getPeerCertificate().serialNumber;
  session.destroy();
  return serial;
}

const INVALID = 'UNAUTHENTICATED CREDENTIALS_INVALID';
test.each<[string, string, () => Promise<KeyPair | undefined>]>([
  ['of the peer', 'OK', () => authority.issue(PEER)],
  ['of another peer of the list', 'OK', () => authority.issue({ ...PEER, dnsNames: ['review-service'] })],
  ['that is missing', 'refused', async () => undefined],
  ['of another authority', 'refused', async () => (await CertificateAuthority.create(1)).issue(PEER)],
  ['that has expired', 'refused', () => authority.issue({ ...PEER, notBefore: 0, notAfter: Date.now() - 1000 })],
  ['that is not valid yet', 'refused', () => authority.issue({ ...PEER, notBefore: Date.now() + 600_000 })],
  ['for servers only', 'refused', () => authority.issue({ ...PEER, usages: ['server'] })],
  ['of another service', INVALID, () => authority.issue({ ...PEER, dnsNames: ['author-service'] })],
  ['for *', INVALID, () => authority.issue({ ...PEER, dnsNames: ['*'] })],
  ['of a name that begins alike', INVALID, () => authority.issue({ ...PEER, dnsNames: ['book-service.example'] })],
])('the internal port answers a certificate %s with %s', async (_what, outcome, issue) => {
  handled.length = 0;
  expect(await callAs(await issue())).toBe(outcome);
  expect(handled).toEqual(outcome === 'OK' ? [CLOSE_AUTHOR] : []);
});

test('health of the internal port is for peers only', async () => {
  const other = await authority.issue({ ...PEER, dnsNames: ['another'] });
  expect(await callAs(other, '/grpc.health.v1.Health/Check')).toBe(INVALID);
});

test('a client of a peer refuses a server with another name', async () => {
  write('client', await authority.issue(PEER));
  const files = { certFile: file('client.crt'), keyFile: file('client.key'), caFile: file('ca.crt') };
  const certificates = new CertificateFiles(files, pino({ enabled: false }));
  const peers = new Peers(certificates);
  const outcomes: Record<string, string> = {};
  for (const name of ['author-service', 'book-service']) {
    const peer = { name, address: `127.0.0.1:${service.internalPort}`, idempotent: [] };
    const client = peers.connect(AuthorReferenceServiceClient, peer);
    outcomes[name] = await new Promise((resolve) =>
      client.closeAuthor({ opId: '', authorId: '', force: false }, (error) => resolve(error ? 'failed' : 'OK')),
    );
  }
  peers.close();
  certificates.close();
  expect(outcomes).toEqual({ 'author-service': 'OK', 'book-service': 'failed' });
});

test('an authority without a certificate is refused, instead of every peer', () => {
  writeFileSync(file('empty.crt'), '');
  const files = { certFile: file('own.crt'), keyFile: file('own.key') };
  for (const caFile of ['empty.crt', 'own.key'].map(file)) {
    expect(() => new CertificateFiles({ ...files, caFile }, pino({ enabled: false }))).toThrow('cannot be used');
  }
});

test('certificates rotate under load: no call fails, and new connections get the new one', async () => {
  const peer = await authority.issue(PEER);
  const outcomes = new Set<string>();
  let running = true;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (running) outcomes.add(await callAs(peer));
    }),
  );
  const before = await shownSerial();
  write('own', await authority.issue(OWN));
  await expect.poll(shownSerial).not.toBe(before);
  running = false;
  await load;
  expect(outcomes).toEqual(new Set(['OK']));
});

test('files that are not certificates change nothing', async () => {
  const before = await shownSerial();
  writeFileSync(file('own.crt'), 'not a certificate');
  expect(await callAs(await authority.issue(PEER))).toBe('OK');
  expect(await shownSerial()).toBe(before);
});
