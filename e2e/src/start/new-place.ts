import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@bookstore/sandbox';
import { services } from '../../../scripts/services.mjs';

/** Free ports, and an empty data folder, which is the caller's to remove. */
export async function newPlace() {
  return { dataDir: await mkdtemp(path.join(tmpdir(), 'bookstore-start-')), ...(await newPorts()) };
}

/** Free ports for both services, and for any other. */
export async function newPorts() {
  return { authorPort: await freePort(), bookPort: await freePort(), otherPorts: await newOtherPorts() };
}

/** Free ports for the services that no test calls, by their variables, such as AWARD_PORT. */
async function newOtherPorts(): Promise<Record<string, string>> {
  const others = services.filter(({ name }) => name !== 'author-service' && name !== 'book-service');
  const ports = others.map(async ({ portVariable }) => [portVariable, String(await freePort())] as const);
  return Object.fromEntries(await Promise.all(ports));
}
