import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { expect, onTestFinished, test } from 'vitest';
import { leftRunning } from '../src/start/left-running.js';
import { newPorts } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

// Windows allows no such name.
test.skipIf(process.platform === 'win32')('a folder whose name has spaces and signs', async () => {
  const copy = await WorkTreeCopy.make();
  const folder = `${copy.folder} C# $HOME 100% it's "[ü]"`;
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await rename(copy.folder, folder);
  const dataDir = path.join(folder, '.sandbox');
  await mkdir(dataDir);
  const place = { ...(await newPorts()), dataDir };
  {
    await using start = new NpmStart(place, folder);
    await start.serves();
  }
  expect(await leftRunning(place)).toEqual([]);
});
