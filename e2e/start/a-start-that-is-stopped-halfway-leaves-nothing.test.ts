import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leftRunning } from '../src/start/left-running.js';
import { newPlace } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

let place: Awaited<ReturnType<typeof newPlace>>;
beforeAll(async () => {
  place = await newPlace();
});
afterAll(() => rm(place.dataDir, { recursive: true }));

test.each([
  ['PostgreSQL', 'starting  PostgreSQL'],
  ['the migrations', 'starting  databases'],
  ['the services', 'starting  author service'],
])('Ctrl-C while it starts %s ends it with status 0', async (_, step) => {
  await using start = new NpmStart(place);
  await start.prints(step);
  start.interrupt();
  expect(await start.ended, start.stderr).toBe(0);
  expect(start.stderr).toBe('');
  expect(await leftRunning(place)).toEqual([]);
});
