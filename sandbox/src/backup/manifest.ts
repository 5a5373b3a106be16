import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { SandboxError } from '../sandbox-error.js';

const dump = z.object({
  /** Beside the manifest. */
  file: z.string().regex(/^[\w-]+\.dump$/),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Version of the server it was made by. */
  postgres: z.string().regex(/^\d+/),
  /** The last migration it has. */
  migration: z.string(),
});

const manifest = z.object({
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  /** Version of the bookstore that made it. */
  bookstore: z.string(),
  databases: z.object({ authors: dump, books: dump }),
});

/** What is in a backup's folder, for whoever restores it. */
export type Manifest = z.infer<typeof manifest>;
export type Dump = z.infer<typeof dump>;

export const MANIFEST = 'manifest.json';

/**
 * Reads a backup's manifest and checks that its files are the ones it was written for.
 *
 * @throws SandboxError that says what is missing or differs
 */
export async function readBackup(folder: string): Promise<Manifest> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new SandboxError(`there is no folder ${folder}`);
  const found = readManifest(path.join(folder, MANIFEST));
  for (const { file, ...expected } of Object.values(found.databases)) {
    const actual = await measure(path.join(folder, file));
    if (actual.bytes !== expected.bytes || actual.sha256 !== expected.sha256)
      throw new SandboxError(`${path.join(folder, file)} is not the file that was backed up: its checksum differs`);
  }
  return found;
}

function readManifest(file: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SandboxError(`${file} cannot be read (${code ?? 'no JSON'}): is that folder a backup?`, { cause: error });
  }
  const parsed = manifest.safeParse(content);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'content').join(', ');
  throw new SandboxError(`${file} is no manifest of a backup that this version knows: ${fields}`);
}

/** Length and SHA-256 of a file. */
export async function measure(file: string): Promise<Pick<Dump, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
    return { bytes: statSync(file).size, sha256: hash.digest('hex') };
  } catch (error) {
    throw new SandboxError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
