import { randomUUID } from 'node:crypto';
import { freePort } from '@bookstore/sandbox';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { Reflection } from '../src/client/reflection.js';
import { ComposeStack } from '../src/compose/compose-stack.js';
import { outputOf } from '../src/process/output-of.js';
import type { RunningProgram } from '../src/process/running-program.js';
import { edit } from '../src/start/edit.js';

/** The first time, each image takes what npm has to bring. */
const BUILD = { timeout: 600_000 };
const LIMIT = { timeout: 60_000 };
const TAG = `e2e-${randomUUID()}`;
const AUTHOR = 'author-service/src/authors/author.ts';
const CONTROLLER = 'author-service/src/authors/authors.controller.ts';

let copy: WorkTreeCopy;
let stack: ComposeStack;
let up: RunningProgram;
let client: Bookstore;
let inspectPort: number;

beforeAll(async () => {
  copy = await WorkTreeCopy.make();
  inspectPort = await freePort();
  stack = await ComposeStack.in(copy.folder, {
    COMPOSE_FILE: 'compose.yaml:compose.dev.yaml',
    COMPOSE_PATH_SEPARATOR: ':',
    IMAGE_PREFIX: 'bookstore',
    IMAGE_TAG: TAG,
    AUTHOR_INSPECT_PORT: String(inspectPort),
    BOOK_INSPECT_PORT: String(await freePort()),
  });
  await stack.compose('build');
  up = stack.start('up', '--watch');
  await up.prints('author-service: new code serves');
  await up.prints('book-service: new code serves');
  await up.prints('Watch enabled');
  client = connect({ authorAddress: `127.0.0.1:${stack.authorPort}`, bookAddress: `127.0.0.1:${stack.bookPort}` });
}, BUILD.timeout);
afterAll(async () => {
  client?.close();
  await up?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
  const images = ['author-service', 'author-migrate', 'book-service', 'book-migrate'];
  await outputOf(['docker', 'image', 'rm', ...images.map((name) => `bookstore/${name}-dev:${TAG}`)]);
  await copy?.[Symbol.asyncDispose]();
});

/** What the author service says of an author who is not there: the line that is edited here. */
const refusal = (): Promise<string> =>
  client.authors.getAuthor({ id: randomUUID() }).then(
    () => 'an author',
    (error: { details: string }) => error.details,
  );

// In their order: each goes on where the one before has ended.
test('a saved line serves, without a new container', async () => {
  await edit(copy.folder, AUTHOR, '`no author has', '`nobody has');
  await expect.poll(refusal, LIMIT).toContain('nobody has the id');
  expect(up.stdout).not.toContain('recreated');
});

test('a type error is shown while the code before goes on serving, until it is mended', async () => {
  up.forget();
  await edit(copy.folder, AUTHOR, "'AUTHOR_NOT_FOUND'", '404');
  await up.prints('error TS');
  await up.prints('what served before goes on');
  expect(await refusal()).toContain('nobody has the id');
  await edit(copy.folder, AUTHOR, '`nobody has', '`no such author has');
  await edit(copy.folder, AUTHOR, '404', "'AUTHOR_NOT_FOUND'");
  await expect.poll(refusal, LIMIT).toContain('no such author has the id');
});

test('a debugger finds the process that serves', async () => {
  const targets: unknown = await (await fetch(`http://127.0.0.1:${inspectPort}/json`)).json();
  expect((targets as unknown[])[0]).toMatchObject({ type: 'node', url: 'file:///app/author-service/dist/main.js' });
});

test(
  'a new field in a .proto file is generated and served, in a new container',
  async () => {
    const from = '  string created_at = 4;\n';
    const field = '  // What friends say.\n  optional string nickname = 5;\n';
    // A message without a field of its .proto would not compile.
    await edit(
      copy.folder,
      CONTROLLER,
      'toMessage(author);',
      'Object.assign(toMessage(author), { nickname: undefined });',
    );
    await edit(copy.folder, 'proto/bookstore/author/v1/author.proto', from, from + field);
    await expect.poll(() => fields(stack.authorPort), BUILD).toContain('nickname');
  },
  BUILD.timeout,
);

/** As Ctrl-C does, and then what a change by `git` does while nobody watches. */
async function changeUnwatched(change: () => Promise<void>): Promise<void> {
  await up[Symbol.asyncDispose]();
  await change();
  up = stack.start('up', '--force-recreate', '--watch');
  await up.prints('Watch enabled');
}

test('what was saved while nobody watched serves after the next start', BUILD, async () => {
  await changeUnwatched(() => edit(copy.folder, AUTHOR, '`no such author has', '`not one author has'));
  await expect.poll(refusal, LIMIT).toContain('not one author has the id');
});

test('what was taken back while nobody watched is gone after the next start', BUILD, async () => {
  await edit(copy.folder, AUTHOR, '`not one author has', '`a passing thought has');
  await expect.poll(refusal, LIMIT).toContain('a passing thought has the id');
  await changeUnwatched(() => edit(copy.folder, AUTHOR, '`a passing thought has', '`not one author has'));
  await expect.poll(refusal, LIMIT).toContain('not one author has the id');
});

/** Of an author, as the service describes itself; none while it does not answer. */
async function fields(port: number): Promise<string[]> {
  const reflection = new Reflection(`127.0.0.1:${port}`, 'v1');
  try {
    const author = (await reflection.registry()).getMessage('bookstore.author.v1.Author');
    return author?.fields.map(({ name }) => name) ?? [];
  } catch {
    return [];
  } finally {
    reflection.close();
  }
}
