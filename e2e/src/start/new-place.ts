import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@bookstore/sandbox';

/** Free ports, and an empty data folder, which is the caller's to remove. */
export async function newPlace() {
  return { dataDir: await mkdtemp(path.join(tmpdir(), 'bookstore-start-')), ...(await newPorts()) };
}

/** Free ports for both services. */
export async function newPorts() {
  return { authorPort: await freePort(), bookPort: await freePort() };
}
