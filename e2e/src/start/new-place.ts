import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@bookstore/sandbox';

/** Free ports, and an empty data folder. */
export async function newPlace() {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'bookstore-start-'));
  return {
    dataDir,
    authorPort: await freePort(),
    bookPort: await freePort(),
  };
}
