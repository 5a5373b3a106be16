import { chmod, chown, cp, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../root.js';

/** Neither root nor a user of the containers. */
const SOMEBODY = 12_345;

/**
 * A folder with what `docker compose up` reads of the repository, as a clone by a user with the umask 077 has it: for
 * the eyes of that user alone, who is not root.
 */
export async function cloneWithUmask077(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bookstore-clone-'));
  for (const part of ['compose.yaml', 'sandbox/dev-secrets']) {
    await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    await keepToOwner(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  }
  await keepToOwner(folder, 0o700);
  return folder;
}

async function keepToOwner(file: string, mode: number): Promise<void> {
  await chmod(file, mode);
  if (process.getuid?.() === 0) await chown(file, SOMEBODY, SOMEBODY);
}
