import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** The repository's root. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Runs the command of an installed package with this Node, without a shell; true when it ends with status 0.
 *
 * @param options cwd: a folder below the root; env: on top of this process's own
 */
export function run(packageName, bin, args, { cwd = '.', env = {} } = {}) {
  const manifest = require.resolve(`${packageName}/package.json`);
  const script = path.join(path.dirname(manifest), require(manifest).bin[bin]);
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: path.join(root, cwd),
    // What a program prints is its own: tools say theirs on standard error.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  });
  return status === 0;
}
