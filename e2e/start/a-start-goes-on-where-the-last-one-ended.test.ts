import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { outputOf } from '../src/process/output-of.js';
import { leftRunning } from '../src/start/left-running.js';
import { newPlace, newPorts } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

let place: Awaited<ReturnType<typeof newPlace>>;
beforeAll(async () => {
  place = await newPlace();
});
afterAll(() => rm(place.dataDir, { recursive: true }));

function client({ authorPort, bookPort } = place) {
  return connect({ authorAddress: `127.0.0.1:${authorPort}`, bookAddress: `127.0.0.1:${bookPort}` });
}

/** The line that begins with this command, as it is printed to be pasted. */
const printedLine = (output: string, command: string): string => {
  const line = output.split('\n').find((line) => line.trim().startsWith(command));
  expect(line, `a line that begins with ${command}`).toBeDefined();
  return line?.trim() ?? '';
};

let authorId = '';

test('the first start says where to call, and the call that it shows works as pasted', async () => {
  await using start = new NpmStart(place);
  await start.serves();
  expect(start.stdout).toContain(`127.0.0.1:${place.authorPort}`);
  expect(start.stdout).toContain(`127.0.0.1:${place.bookPort}`);
  expect(start.stdout).toContain('Ctrl-C');

  const answer = await outputOf(printedLine(start.stdout, 'npx buf curl'));
  expect(answer, answer.stderr).toMatchObject({ status: 0 });
  const author = JSON.parse(answer.stdout);
  expect(author).toMatchObject({ name: 'Ursula K. Le Guin', email: 'ursula@example.com' });
  authorId = author.id;

  start.kill('SIGTERM');
  expect(await start.ended, start.stderr).toBe(0);
  expect(await leftRunning(place)).toEqual([]);
});

test('the data is there after a restart, and Ctrl-C ends it with status 0', async () => {
  await using start = new NpmStart(place);
  await start.serves();
  const { authors, close } = client();
  expect(await authors.getAuthor({ id: authorId })).toMatchObject({ name: 'Ursula K. Le Guin' });
  close();
  start.interrupt();
  expect(await start.ended, start.stderr).toBe(0);
  expect(await leftRunning(place)).toEqual([]);
});

test('a SIGKILL leaves nothing that stops the next start, nor anything running', async () => {
  const killed = new NpmStart(place);
  await killed.serves();
  killed.kill('SIGKILL');
  expect(await killed.ended).toBe('SIGKILL');

  const elsewhere = { ...(await newPorts()), dataDir: place.dataDir };
  await using start = new NpmStart(elsewhere);
  await start.serves();
  const { authors, close } = client(elsewhere);
  expect(await authors.getAuthor({ id: authorId })).toMatchObject({ name: 'Ursula K. Le Guin' });
  close();
  start.kill('SIGTERM');
  expect(await start.ended, start.stderr).toBe(0);
  await expect.poll(() => leftRunning(place), { timeout: 15_000 }).toEqual([]);
});
