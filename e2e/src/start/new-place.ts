import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@bookstore/sandbox';
import { services } from '../../../scripts/services.mjs';
import type { Addresses } from '../targets/target.js';

/** Where, and with what data, a bookstore is started. */
export interface Place {
  readonly dataDir: string;
  /** Variables: SANDBOX_DIR, the services' ports, and any others. */
  readonly env: Readonly<Record<string, string>>;
}

/** Free ports, and an empty data folder unless there is one. The folder is the caller's to remove. */
export async function newPlace(folder?: string): Promise<Place> {
  const dataDir = folder ?? (await mkdtemp(path.join(tmpdir(), 'bookstore-start-')));
  const ports = services.map(async ({ portVariable }) => [portVariable, String(await freePort())]);
  return { dataDir, env: { SANDBOX_DIR: dataDir, ...Object.fromEntries(await Promise.all(ports)) } };
}

export const addressesIn = ({ env }: Place): Addresses => ({
  authorAddress: `127.0.0.1:${env.AUTHOR_PORT}`,
  bookAddress: `127.0.0.1:${env.BOOK_PORT}`,
});
