import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { http2Call } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/services.mjs';
import { ComposeStack } from '../chaos/src/bookstore/compose-stack.js';
import {
  confinementOf,
  developmentPasswords,
  expectedConfinement,
  internalNetworks,
} from '../src/compose/containers.js';
import { BASE, secretsInImages, ThrowAwayImage } from '../src/compose/secrets-in-images.js';

const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-compose-'));
const caFile = path.join(folder, 'ca.crt');
let stack: ComposeStack;

beforeAll(async () => {
  stack = await ComposeStack.in(root, { COMPOSE_FILE: `compose.yaml${path.delimiter}compose.secure.yaml` });
  await stack.compose('up', '--build', '--wait');
  await stack.compose('cp', 'author-service:/credentials/ca.crt', caFile);
}, 900_000);
afterAll(async () => {
  await stack?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function call(address: string, method: string, authorization?: string) {
  const session = connect(`https://${address}`, { ca: readFileSync(caFile) });
  const { code } = await http2Call(session, method, authorization === undefined ? {} : { authorization });
  session.close();
  return code;
}

test('callers need a token, and the token command prints only a token', async () => {
  const list = '/bookstore.book.v1.BookService/ListBooks';
  expect(await call(stack.bookAddress, list)).toBe('UNAUTHENTICATED');
  const token = await stack.compose('run', '--rm', '-T', 'token', '--scope', 'books:read', '--ttl', '1h');
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const authorization = `Bearer ${token.trim()}`;
  expect(await call(stack.bookAddress, list, authorization)).toBe('OK');
  expect(await call(stack.authorAddress, '/bookstore.author.v1.AuthorService/ListAuthors', authorization)).toBe(
    'PERMISSION_DENIED',
  );
});

test('no development secret is in use, and each container sees no more than its own', async () => {
  expect(await stack.compose('config')).not.toContain('dev-secrets');
  const files = async (service: string) =>
    (await stack.compose('exec', '-T', service, 'ls', '/credentials')).trim().split('\n').sort();
  const ofService = ['ca.crt', 'database-password', 'internal.crt', 'internal.key', 'jwks.json', 'tls.crt', 'tls.key'];
  expect(await files('author-service')).toEqual(ofService);
  expect(await files('book-service')).toEqual(ofService);
  expect(await files('author-db')).toEqual(['migrator-password', 'service-password']);
  expect(await files('book-db')).toEqual(['migrator-password', 'service-password']);
});

test('each container is confined, on its own networks, and only the public ports are published, on loopback', async () => {
  expect(await confinementOf(stack.project)).toEqual({
    ...expectedConfinement(stack),
    credentials: { breaks: [], networks: ['none'], published: [] },
  });
  expect(await internalNetworks(stack.project)).toEqual(['author-data', 'book-data']);
});

test('no layer of an image has a key, a token, a password or the path of the build', async () => {
  const images = (await stack.compose('--profile', 'commands', 'config', '--images')).trim().split('\n');
  const own = [...new Set(images)].filter((image) => !image.startsWith('postgres'));
  expect(own).toHaveLength(3);
  // Of what one more image has, also in a layer whose file the next one deletes, the search finds all.
  const key = `-----BEGIN PRIVATE KEY-----\\n${'A'.repeat(64)}`;
  const planting = [`RUN echo '${key}' >/planted`, 'RUN rm /planted', 'ENV PASSWORD=hunter2'];
  await using planted = await ThrowAwayImage.of(`FROM ${BASE}`, ...planting);
  const nowhere = {
    ...developmentPasswords(),
    'the path of this checkout': `${root}/`,
    'a password': 'PASSWORD=hunter2',
  };
  expect(await secretsInImages([...own, planted.name], nowhere)).toEqual([
    expect.stringMatching(/ holds a password$/),
    'planted holds a private key',
  ]);
});

test('no log holds a token or a key', async () => {
  expect(await stack.compose('logs', '--no-color')).not.toMatch(/eyJhbGci|PRIVATE KEY/);
});
