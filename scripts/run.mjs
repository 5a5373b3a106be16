import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** The repository's root. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The file of an installed package's command, to be run with Node. */
export function programOf(packageName, bin) {
  const manifest = require.resolve(`${packageName}/package.json`);
  return path.join(path.dirname(manifest), require(manifest).bin[bin]);
}

/**
 * Runs the command of an installed package with this Node, without a shell; true when it ends with status 0.
 *
 * @param options cwd: a folder below the root; env: on top of this process's own
 */
export function run(packageName, bin, args, { cwd = '.', env = {} } = {}) {
  const { status } = spawnSync(process.execPath, [programOf(packageName, bin), ...args], {
    cwd: path.join(root, cwd),
    // Standard output is for the result of the program that calls this.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  });
  return status === 0;
}
