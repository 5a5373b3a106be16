// What must be there before a command can do its work. Each check returns one line for the user, or undefined.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

/** npm leaves the development packages out with --omit=dev, and where NODE_ENV is production. */
export function packageProblem() {
  const missing = ['typescript', 'prisma'].filter((name) => !existsSync(path.join(root, 'node_modules', name)));
  return missing.length > 0 ? `packages are missing (${missing.join(', ')}): run npm ci --include=dev` : undefined;
}

/** Vite takes these characters for parts of a URL. */
export function testPathProblem() {
  const [character] = root.match(/[#%]/) ?? [];
  return character && `tests cannot run in ${root}: move the repository to a path without ${character}`;
}

/** Ends the process with status 1 and that line when there is a problem. */
export function exitOn(problem) {
  if (!problem) return;
  console.error(problem);
  process.exit(1);
}
