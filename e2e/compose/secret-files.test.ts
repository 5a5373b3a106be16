import { chmod, chown, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/services.mjs';
import { ComposeStack } from '../chaos/src/bookstore/compose-stack.js';
import { outputOf } from '../src/process/output-of.js';

/** A user that neither root nor a container is. */
const SOMEBODY = 12_345;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bookstore-secrets-'));
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of the development passwords; only their owner can read the files whose names match. */
async function secrets(kept: RegExp): Promise<string> {
  const copy = await mkdtemp(path.join(folder, 'secrets-'));
  await cp(path.join(root, 'sandbox/dev-secrets'), copy, { recursive: true });
  await chmod(copy, 0o755);
  for (const name of await readdir(copy)) {
    const file = path.join(copy, name);
    await chmod(file, kept.test(name) ? 0o400 : 0o444);
    if (process.getuid?.() === 0) await chown(file, SOMEBODY, SOMEBODY);
  }
  return copy;
}

test('secrets that a container cannot read are named, with the user who must', { timeout: 120_000 }, async () => {
  const copy = await secrets(/^author-db-migrator/);
  await using stack = await ComposeStack.in(root, { SECRETS_DIR: copy });
  const { status, stdout } = await outputOf(['docker', 'compose', 'run', '--rm', '-T', 'dev-secrets'], stack);
  const file = path.join(copy, 'author-db-migrator-password');
  const line = (uid: number) =>
    `${file} must be readable for uid ${uid} of the containers, and is not: chmod a+r ${file}\n`;
  expect([status, stdout]).toEqual([1, line(999) + line(1000)]);
});

test('secrets on a file system that refuses a new mode are accepted where they are readable', {
  timeout: 120_000,
}, async () => {
  const readOnly = path.join(folder, 'compose.read-only.yaml');
  const copy = await secrets(/^$/);
  await writeFile(readOnly, `services: { dev-secrets: { volumes: ["${copy}:/dev-secrets:ro"] } }\n`);
  await using stack = await ComposeStack.in(root, {
    SECRETS_DIR: copy,
    COMPOSE_FILE: ['compose.yaml', readOnly].join(path.delimiter),
  });
  await stack.compose('run', '--rm', '-T', 'dev-secrets');
});
