import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const proto = fileURLToPath(new URL('..', import.meta.url));
const buf = fileURLToPath(new URL('../../node_modules/@bufbuild/buf/bin/buf', import.meta.url));
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'bookstore-contract-'));
  for (const entry of ['bookstore', 'google', 'buf.yaml', 'contract.binpb']) {
    cpSync(path.join(proto, entry), path.join(copy, entry), { recursive: true });
  }
});

afterEach(() => rmSync(copy, { recursive: true }));

function breaking() {
  return spawnSync(process.execPath, [buf, 'breaking', '--against', 'contract.binpb'], { cwd: copy, encoding: 'utf8' });
}

function edit(file: string, from: RegExp, to: string) {
  const before = readFileSync(path.join(copy, file), 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(path.join(copy, file), after);
}

test('the contract as it is breaks nothing', () => {
  expect(breaking().status).toBe(0);
});

test('an added field breaks nothing', () => {
  edit('bookstore/book/v1/book.proto', /(message Book \{\n)/, '$1  // ISBN-13.\n  string isbn = 6;\n');
  expect(breaking().status).toBe(0);
});

test('a removed field is refused by name', () => {
  edit(
    'bookstore/book/v1/book.proto',
    / {2}\/\/ Year of first publication; negative before the common era.\n {2}int32 published_year = 4;\n/,
    '',
  );
  const { status, stdout } = breaking();
  expect(status).not.toBe(0);
  expect(stdout).toContain('published_year');
});

test('a removed method is refused by name', () => {
  edit('bookstore/author/v1/author.proto', / {2}rpc CreateAuthor\(CreateAuthorRequest\) returns \(Author\) \{\}\n/, '');
  const { status, stdout } = breaking();
  expect(status).not.toBe(0);
  expect(stdout).toContain('CreateAuthor');
});
