import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Grpcui, isGrpcuiInstalled } from '../src/grpcui.js';
import { outputOf } from '../src/process/output-of.js';
import { root } from '../src/root.js';
import { newPlace } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';
import { type Step, stepsOf } from '../src/tutorial/steps.js';

const steps = stepsOf(readFileSync(path.join(root, 'docs/tutorial.md'), 'utf8')).filter(
  (step) => isGrpcuiInstalled || step.does !== 'run' || !step.command.startsWith('grpcui '),
);

let copy: WorkTreeCopy;
let place: Awaited<ReturnType<typeof newPlace>>;
let bookstore: NpmStart | undefined;
/** The id that a call answered with last. */
let id = '';
/** What the calls answered. */
const answers: string[] = [];

beforeAll(async () => {
  copy = await WorkTreeCopy.make();
  place = await newPlace();
});
afterAll(async () => {
  await bookstore?.[Symbol.asyncDispose]();
  await copy?.[Symbol.asyncDispose]();
  if (place) await rm(place.dataDir, { recursive: true, force: true });
});

const shown = (step: Step): string =>
  step.does === 'run'
    ? step.command
    : step.does === 'write'
      ? step.file
      : (/^\+\+\+ b\/(.+)$/m.exec(step.patch)?.[1] ?? '');

async function follow(step: Step): Promise<void> {
  if (step.does === 'write') return writeFile(path.join(copy.folder, step.file), step.text);
  if (step.does === 'patch') {
    await writeFile(path.join(copy.folder, '.git/step.patch'), step.patch);
    return run('git apply .git/step.patch');
  }
  if (step.command.startsWith('grpcui ')) return readInGrpcui();
  if (step.command !== 'npm start') return run(atOurPorts(step.command));
  bookstore = new NpmStart(place, copy.folder);
  await bookstore.serves();
}

/** Its form for a new book has what was added. */
async function readInGrpcui(): Promise<void> {
  await using grpcui = await Grpcui.start(`127.0.0.1:${place.bookPort}`);
  expect(await grpcui.form('bookstore.book.v1.BookService.CreateBook')).toContain('Number of pages, from 1 to 100000');
}

const atOurPorts = (command: string): string =>
  command
    .replace(':50051/', `:${place.authorPort}/`)
    .replace(':50052/', `:${place.bookPort}/`)
    .replace('AUTHOR_ID', id);

async function run(command: string): Promise<void> {
  const result = await outputOf(command, { cwd: copy.folder });
  expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
  if (command.startsWith('npx buf curl')) answers.push(result.stdout);
  [, id = id] = /"id": *"(.+?)"/.exec(result.stdout) ?? [];
}

// In their order: each stands on the ones before.
test.each(steps.map((step) => ({ step, line: step.line, shown: shown(step) })))('line $line: $shown', ({ step }) =>
  follow(step),
);

test('then a book has pages', () => {
  expect(answers.at(-1)).toContain('"pages": 341');
});
