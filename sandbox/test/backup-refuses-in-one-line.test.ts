import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'backup-refuses-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The command where no docker is to be found, and the one line that it ends with. */
function refusal(command: 'backup' | 'restore', ...args: string[]): Promise<string> {
  const main = fileURLToPath(new URL(`../dist/backup/${command}-main.js`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: { PATH: scratch }, cwd: scratch }, (error, stdout, stderr) => {
      expect([error?.code, stdout, stderr.trimEnd()]).toEqual([1, '', expect.not.stringContaining('\n')]);
      resolve(stderr.trimEnd());
    });
  });
}

/** A backup's folder, with what a test changes. */
function backup(name: string, change: (manifest: ReturnType<typeof validManifest>) => object): string {
  const folder = path.join(scratch, name);
  mkdirSync(folder);
  for (const file of ['authors.dump', 'books.dump']) writeFileSync(path.join(folder, file), file);
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(change(validManifest())));
  return folder;
}

function validManifest() {
  const dump = (file: string) => ({
    ...{ file, bytes: file.length, sha256: createHash('sha256').update(file).digest('hex') },
    ...{ postgres: '18.1', migration: '1_init' },
  });
  const databases = { authors: dump('authors.dump'), books: dump('books.dump') };
  return { format: 1, madeAt: '2026-11-22T18:04:05.123Z', bookstore: '0.1.0', databases };
}

test('no docker: says so, and leaves nothing behind', async () => {
  expect(await refusal('backup', '--into', 'backups')).toMatch(/^npm run backup: docker cannot be run .*installed\?$/);
  expect(
    await refusal(
      'restore',
      backup('whole', (manifest) => manifest),
    ),
  ).toMatch(/docker cannot be run/);
  expect(readdirSync(scratch)).not.toContain('backups');
});

test('unknown arguments: how it is used', async () => {
  expect(await refusal('backup', 'here')).toMatch(/usage: npm run backup/);
  for (const args of [[], ['--force'], ['a', 'b']]) {
    expect(await refusal('restore', ...args)).toMatch(/usage: npm run restore -- FOLDER/);
  }
});

test('a folder that is no backup', async () => {
  expect(await refusal('restore', path.join(scratch, 'nowhere'))).toMatch(/there is no folder .*nowhere$/);
  const empty = path.join(scratch, 'empty');
  mkdirSync(empty);
  expect(await refusal('restore', empty)).toMatch(
    /manifest\.json cannot be read \(ENOENT\): is that folder a backup\?$/,
  );
  writeFileSync(path.join(empty, 'manifest.json'), '{');
  expect(await refusal('restore', empty)).toMatch(/manifest\.json cannot be read \(no JSON\)/);
});

test('a manifest of another version, or one that names files elsewhere', async () => {
  expect(
    await refusal(
      'restore',
      backup('newer', (manifest) => ({ ...manifest, format: 2 })),
    ),
  ).toMatch(/no manifest of a backup that this version knows: format$/);
  const elsewhere = backup('elsewhere', (manifest) => {
    manifest.databases.books.file = '../whole/books.dump';
    return manifest;
  });
  expect(await refusal('restore', elsewhere)).toMatch(/knows: databases\.books\.file$/);
});

test('a dump that is missing, or not the one that was backed up', async () => {
  const missing = backup('missing', (manifest) => manifest);
  rmSync(path.join(missing, 'books.dump'));
  expect(await refusal('restore', missing)).toMatch(/books\.dump cannot be read \(ENOENT\)$/);
  const changed = backup('changed', (manifest) => manifest);
  writeFileSync(path.join(changed, 'authors.dump'), 'AUTHORS.dump');
  expect(await refusal('restore', changed)).toMatch(/authors\.dump is not the file that was backed up/);
});
