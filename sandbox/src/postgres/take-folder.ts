import { mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { explainFileError } from './file-error.js';
import { claim } from './ownership.js';

/**
 * Makes this process the owner of a data directory, under its one real name: two ways to a folder would be two owners.
 *
 * @throws {SandboxError} when another process owns it, or nothing can be written there
 */
export async function takeFolder(wanted: string): Promise<{ dataDir: string; release: () => void }> {
  try {
    mkdirSync(path.dirname(path.resolve(wanted)), { recursive: true });
    const dataDir = realpathIfThere(path.resolve(wanted));
    return { dataDir, release: await claim(dataDir) };
  } catch (error) {
    throw explainFileError(error, path.resolve(wanted));
  }
}

function realpathIfThere(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return path.join(realpathSync(path.dirname(file)), path.basename(file));
  }
}
