import { rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { leftRunning } from '../src/start/left-running.js';
import { newPlace, newPorts } from '../src/start/new-place.js';
import { NpmStart, type Place } from '../src/start/npm-start.js';

let place: Awaited<ReturnType<typeof newPlace>>;
beforeEach(async () => {
  place = await newPlace();
});
afterEach(() => rm(place.dataDir, { recursive: true }));

/** The one line that it ends with; whatever else it says is a failure. */
async function whyNot(where: Place): Promise<string> {
  const start = new NpmStart(where);
  expect(await start.ended, start.stdout).toBe(1);
  const lines = start.stderr.split('\n').filter((line) => line !== '');
  expect(lines, start.stderr).toHaveLength(1);
  return lines[0] ?? '';
}

async function listen(port: number): Promise<AsyncDisposable> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

test('a port that is taken is named, and the variable that moves it', async () => {
  {
    await using _taken = await listen(place.authorPort);
    const why = await whyNot(place);
    expect(why).toContain(`port ${place.authorPort} is taken`);
    expect(why).toContain('AUTHOR_PORT');
  }
  {
    await using _taken = await listen(place.bookPort);
    expect(await whyNot(place)).toMatch(new RegExp(`port ${place.bookPort} is taken.*BOOK_PORT`));
  }
  expect(await leftRunning(place)).toEqual([]);
});

test.each(['no-port', '65536'])('AUTHOR_PORT=%s is refused', async (authorPort) => {
  expect(await whyNot({ ...place, authorPort })).toContain('AUTHOR_PORT must be a port, 1 to 65535');
});

test('two services on one port are refused', async () => {
  expect(await whyNot({ ...place, bookPort: place.authorPort })).toContain('set AUTHOR_PORT and BOOK_PORT');
});

test('a data folder that cannot be one is named', async () => {
  const file = path.join(place.dataDir, 'file');
  await writeFile(file, 'in the way');
  expect(await whyNot({ ...place, dataDir: file })).toContain(file);
  expect(await whyNot({ ...place, dataDir: path.join(file, 'below') })).toContain(file);
  expect(await leftRunning(place)).toEqual([]);
});

test('a second start on the same folder is refused, and the first goes on until a service dies', async () => {
  await using first = new NpmStart(place);
  await first.serves();
  const elsewhere = { ...(await newPorts()), dataDir: place.dataDir };
  expect(await whyNot(elsewhere)).toContain(place.dataDir);

  process.kill(await first.childRunning('book-service/dist/main.js'), 'SIGKILL');
  expect(await first.ended).toBe(1);
  expect(first.stderr).toContain('the book service ended by SIGKILL');
  expect(await leftRunning(place)).toEqual([]);
});
