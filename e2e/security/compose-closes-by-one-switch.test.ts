import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@bookstore/sandbox';
import { http2Call } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-compose-'));
const project = `bookstore-secure-test-${process.pid}`;
let env: NodeJS.ProcessEnv;

const docker = async (...args: string[]) => (await run('docker', args, { cwd: root, env, maxBuffer: 2 ** 28 })).stdout;
const compose = (...args: string[]) =>
  docker('compose', '-p', project, '-f', 'compose.yaml', '-f', 'compose.secure.yaml', ...args);

beforeAll(async () => {
  env = { ...process.env, AUTHOR_PORT: String(await freePort()), BOOK_PORT: String(await freePort()) };
  await compose('up', '--build', '--wait');
  await compose('cp', 'author-service:/credentials/ca.crt', path.join(folder, 'ca.crt'));
}, 900_000);
afterAll(async () => {
  await compose('down', '--volumes');
  rmSync(folder, { recursive: true });
});

async function call(port: string | undefined, method: string, authorization?: string) {
  const session = connect(`https://localhost:${port}`, { ca: readFileSync(path.join(folder, 'ca.crt')) });
  const { code } = await http2Call(session, method, authorization === undefined ? {} : { authorization });
  session.close();
  return code;
}

test('callers need a token, and the token command prints one and nothing else', async () => {
  const list = '/bookstore.book.v1.BookService/ListBooks';
  expect(await call(env.BOOK_PORT, list)).toBe('UNAUTHENTICATED');
  const token = await compose('run', '--rm', '-T', 'token', '--scope', 'books:read', '--ttl', '1h');
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const authorization = `Bearer ${token.trim()}`;
  expect(await call(env.BOOK_PORT, list, authorization)).toBe('OK');
  expect(await call(env.AUTHOR_PORT, '/bookstore.author.v1.AuthorService/ListAuthors', authorization)).toBe(
    'PERMISSION_DENIED',
  );
});

test('no development secret is in use, and each container sees no more than its own', async () => {
  const config = await compose('config');
  expect(config).not.toContain('dev-secrets');
  const files = async (service: string) =>
    (await compose('exec', '-T', service, 'ls', '/credentials')).trim().split('\n').sort();
  const ofService = ['ca.crt', 'database-password', 'internal.crt', 'internal.key', 'jwks.json', 'tls.crt', 'tls.key'];
  expect(await files('author-service')).toEqual(ofService);
  expect(await files('book-service')).toEqual(ofService);
  expect(await files('author-db')).toEqual(['migrator-password', 'service-password']);
});

test('no image holds a key, and no log a token', async () => {
  for (const image of (await compose('config', '--images')).trim().split('\n')) {
    if (image.startsWith('postgres')) continue;
    const find =
      'find /app /credentials \\( -name "*.key" -o -name "*signing-key*" -o -name "*-password" \\) -not -path "*/node_modules/*"';
    expect(
      (await docker('run', '--rm', '--entrypoint', 'sh', image, '-c', `${find} 2>/dev/null || true`)).trim(),
      image,
    ).toBe('');
    expect(await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', image)).not.toMatch(
      /PRIVATE KEY|password=/i,
    );
  }
  expect(await compose('logs', '--no-color')).not.toMatch(/eyJhbGci|PRIVATE KEY/);
});
