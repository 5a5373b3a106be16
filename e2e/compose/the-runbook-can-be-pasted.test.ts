import { readFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor } from '../src/client/samples.js';
import { ComposeStack } from '../src/compose/compose-stack.js';
import { outputOf } from '../src/process/output-of.js';
import { commandBlocks } from '../src/readme/blocks.js';
import { root } from '../src/root.js';

/** What has a test of its own, and what would clear away more than this stack's. */
const ELSEWHERE = /^(npm run |docker (image|builder) prune)/;

// Within a list a block is indented.
const runbook = readFileSync(path.join(root, 'docs/runbook.md'), 'utf8').replaceAll(/^ {3}/gm, '');
const commands = commandBlocks(runbook)
  .filter(({ notRun }) => notRun === undefined)
  .flatMap((block) => block.commands)
  .filter((command) => !ELSEWHERE.test(command));

let secrets: string;
let stack: ComposeStack;
beforeAll(async () => {
  secrets = await mkdtemp(path.join(tmpdir(), 'bookstore-secrets-'));
  await cp(path.join(root, 'sandbox/dev-secrets'), secrets, { recursive: true });
  await chmod(secrets, 0o755);
  for (const file of await readdir(secrets)) await chmod(path.join(secrets, file), 0o644);
  stack = await ComposeStack.in(root, { SECRETS_DIR: secrets });
  await stack.compose('up', '--wait', '--no-build');
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(secrets, { recursive: true });
});

test('it shows commands', () => {
  expect(commands.length).toBeGreaterThan(20);
});

// In their order: the one before may be what the next one needs.
describe('each works as shown', () => {
  test.each(commands)('%s', async (command) => {
    // There is no terminal here.
    const { status, stdout, stderr } = await outputOf(command.replace(/(compose exec)(?! -T)/, '$1 -T'), stack);
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});

test('then the bookstore serves, with the passwords that were made anew', async () => {
  await stack.compose('up', '--wait', '--no-build');
  const { authorPort, bookPort } = stack;
  const client = connect({ authorAddress: `127.0.0.1:${authorPort}`, bookAddress: `127.0.0.1:${bookPort}` });
  const { id: authorId } = await client.authors.createAuthor(anAuthor());
  expect(await client.books.createBook(aBook({ authorId }))).toMatchObject({ authorId });
  client.close();
  const password = (folder: string) => readFileSync(path.join(folder, 'author-db-service-password'), 'utf8');
  expect(password(secrets)).not.toBe(password(path.join(root, 'sandbox/dev-secrets')));
});
