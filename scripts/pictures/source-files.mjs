// The files of the repository, as git knows them; in a copy without git, what .gitignore leaves.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../run.mjs';

/** Paths below the root, with slashes, sorted. Git knows a new file once it is added. */
export function sourceFiles() {
  return (gitFiles() ?? filesBelow('', ignoredNames())).sort();
}

/** Undefined where git is missing, or the root is no part of a repository. */
function gitFiles() {
  const { stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  // A removed file stays in the index until the removal is added.
  return stdout ? stdout.split('\0').filter((file) => file && existsSync(path.join(root, file))) : undefined;
}

function filesBelow(folder, ignored) {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !ignored.some((pattern) => pattern.test(name)))
    .flatMap((entry) => {
      const file = path.posix.join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(file, ignored) : [file];
    });
}

/** The lines of .gitignore are names, and names that begin with `*`. */
function ignoredNames() {
  const lines = readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n').filter(Boolean);
  return ['.git', ...lines].map((line) => {
    const name = line.replace(/\/$/, '').replaceAll('.', '\\.').replace('*', '.*');
    return new RegExp(`^${name}$`);
  });
}
