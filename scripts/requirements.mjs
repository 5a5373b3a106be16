// What this machine must have before a command can do its work. Each check returns one line for the user, or undefined.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

/** npm leaves the development packages out with --omit=dev, and where NODE_ENV is production. */
export function packageProblem() {
  const missing = new Set();
  for (const workspace of ['.', ...manifest('.').workspaces]) {
    if (!existsSync(manifestFile(workspace))) continue; // an image's build holds one service
    const { dependencies, devDependencies } = manifest(workspace);
    // Nor are the root's own packages installed there.
    const needed = Object.keys({ ...dependencies, ...(workspace !== '.' && devDependencies) });
    for (const name of needed) if (!isInstalled(name, workspace)) missing.add(name);
  }
  if (missing.size === 0) return undefined;
  return `packages are missing (${[...missing].slice(0, 3).join(', ')}): run npm ci --include=dev`;
}

const manifestFile = (folder) => path.join(root, folder, 'package.json');
const manifest = (folder) => JSON.parse(readFileSync(manifestFile(folder), 'utf8'));
const isInstalled = (name, workspace) =>
  [workspace, '.'].some((folder) => existsSync(path.join(root, folder, 'node_modules', name)));

/**
 * Node replaces `*` in the path of a package's file, a search path ends at `:`, and Vite reads no configuration behind
 * `?`. Windows allows none of them in a name.
 */
export const pathProblem = () =>
  process.platform === 'win32' ? undefined : without(/[*:?]/g, 'the bookstore cannot run');

/** Vite takes these for parts of a URL. */
export const testPathProblem = () => without(/[#%]/g, 'tests cannot run');

function without(characters, problem) {
  const found = [...new Set(root.match(characters))].join(' ');
  return found ? `${problem} in ${root}: move the repository to a path without ${found}` : undefined;
}

/** Ends the process with status 1 and that line when there is a problem. */
export function exitOn(problem) {
  if (!problem) return;
  console.error(problem);
  process.exit(1);
}
