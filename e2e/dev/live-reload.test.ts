import { rm } from 'node:fs/promises';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bookstore, connect } from '../src/client/connect.js';
import { RunningProgram } from '../src/process/running-program.js';
import { leftRunning } from '../src/start/left-running.js';
import { addressesIn, newPlace, type Place } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';
import { AUTHOR, addColumn, edit, expectToCreate, notFoundMessage } from './edits.js';

/** Longer than a busy machine takes for any of this. */
const LIMIT = { timeout: 30_000 };

let copy: WorkTreeCopy;
let place: Place;
let dev: NpmStart;
let client: Bookstore;

beforeAll(async () => {
  copy = await WorkTreeCopy.make();
  place = await newPlace();
  dev = new NpmStart(place, copy.folder, 'sandbox/dist/dev.js');
  await dev.prints('watching the sources');
  client = connect(addressesIn(place));
});
afterAll(async () => {
  client?.close();
  await dev?.[Symbol.asyncDispose]();
  await copy?.[Symbol.asyncDispose]();
  if (place) await rm(place.dataDir, { recursive: true, force: true });
});

const message = () => notFoundMessage(client);

// In this order: each test goes on where the one before has ended.
test('a saved line of a service is served', async () => {
  const savedAt = performance.now();
  await edit(copy.folder, AUTHOR, '`no author has', '`nobody has');
  await expect.poll(message, LIMIT).toContain('nobody has the id');
  console.log(`live reload: from saving to serving ${((performance.now() - savedAt) / 1000).toFixed(1)} s`);
});

test('a line that is saved while the one before still compiles is served, too', async () => {
  await edit(copy.folder, AUTHOR, '`nobody has', '`no one has');
  await edit(copy.folder, AUTHOR, '`no one has', '`not one author has');
  await expect.poll(message, LIMIT).toContain('not one author has the id');
});

test('a type error is shown, and the old code serves until it is corrected', async () => {
  dev.forget();
  await edit(copy.folder, AUTHOR, "'AUTHOR_NOT_FOUND'", '404');
  await dev.prints('author.ts(');
  await dev.prints('this does not compile: the old code keeps serving');
  expect(await message()).toContain('not one author has the id');
  await edit(copy.folder, AUTHOR, '`not one author has', '`no such author has');
  await edit(copy.folder, AUTHOR, '404', "'AUTHOR_NOT_FOUND'");
  await expect.poll(message, LIMIT).toContain('no such author has the id');
});

test('code that compiles and does not start is named, and serves once it is corrected', async () => {
  dev.forget();
  const error = "throw new Error('no start');\n";
  await edit(copy.folder, AUTHOR, 'export class AuthorNotFound', `${error}export class AuthorNotFound`);
  await dev.prints('the author-service ended with status 1 before it served');
  await edit(copy.folder, AUTHOR, error, '');
  await expect.poll(message, LIMIT).toContain('no such author has the id');
});

test('a saved line of the kit is served by both services', async () => {
  dev.forget();
  const from = "export const ERROR_DOMAIN = '";
  await edit(copy.folder, 'service-kit/src/server/to-status.ts', from, `${from}dev.`);
  await dev.prints('author-service: new code serves');
  await dev.prints('book-service: new code serves');
});

test('a new field in a .proto file is generated, and a type error names what lacks it', async () => {
  dev.forget();
  const field = '  string created_at = 4;\n';
  const added = '  // What friends say.\n  optional string nickname = 5;\n';
  await edit(copy.folder, 'proto/bookstore/author/v1/author.proto', field, field + added);
  await dev.prints("Property 'nickname' is missing");
  const controller = 'author-service/src/authors/authors.controller.ts';
  const [before, after] = ['toMessage(author);', 'Object.assign(toMessage(author), { nickname: undefined });'];
  await edit(copy.folder, controller, before, after);
  await dev.prints('author-service: new code serves');
});

test('a new column and its migration reach the database and the code', async () => {
  dev.forget();
  await addColumn(copy.folder);
  await dev.prints('author-service: new code serves');
  await expectToCreate(client, LIMIT);
});

test('Ctrl-C ends everything with status 0', async () => {
  dev.interrupt();
  expect(await dev.ended, dev.stderr).toBe(0);
  expect(await leftRunning(place)).toEqual([]);
});

test('nothing is left running after npm is killed', async () => {
  const env = { ...place.env, LOG_LEVEL: 'warn' };
  await using npm = new RunningProgram(['npm', 'run', 'dev'], { cwd: copy.folder, env });
  await npm.prints('watching the sources');
  npm.kill('SIGKILL');
  await expect.poll(() => leftRunning(place), LIMIT).toEqual([]);
});
