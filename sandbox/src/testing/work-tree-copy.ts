import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../root.js';

const run = promisify(execFile);

/**
 * The work tree as a clone of it would be after `npm ci` and `npm run build`, somewhere else. What npm has installed is
 * linked, but for the workspaces: those are the copy's own.
 */
export class WorkTreeCopy implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<WorkTreeCopy> {
    const copy = new WorkTreeCopy(await mkdtemp(path.join(tmpdir(), 'bookstore-copy-')));
    await copy.#copyFiles();
    await copy.#linkPackages();
    return copy;
  }

  async #copyFiles(): Promise<void> {
    const known = await list('ls-files', '--cached', '--others', '--exclude-standard');
    // What has been built is newer than its sources, and stays so.
    const ignored = await list('ls-files', '--others', '--ignored', '--exclude-standard', '--directory');
    const built = ignored.filter((file) => /(^|\/)(dist|generated)\/$/.test(file));
    const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
    for (const file of [...known, ...built]) {
      await cp(path.join(root, file), path.join(this.folder, file), options).catch(ignoreMissing);
    }
    // Where lint looks for what git ignores.
    await run('git', ['init', '--quiet'], { cwd: this.folder });
  }

  async #linkPackages(): Promise<void> {
    const { workspaces } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    await this.#link('node_modules', ['@bookstore']);
    await cp(path.join(root, 'node_modules/@bookstore'), path.join(this.folder, 'node_modules/@bookstore'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    for (const workspace of workspaces) await this.#link(path.join(workspace, 'node_modules'), []);
  }

  async #link(folder: string, except: readonly string[]): Promise<void> {
    const names = await readdir(path.join(root, folder)).catch(() => []);
    const target = path.join(this.folder, folder);
    await mkdir(target, { recursive: true });
    // Not the caches of other runs.
    const linked = names.filter((name) => !except.includes(name) && !name.startsWith('.vite'));
    await Promise.all(linked.map((name) => symlink(path.join(root, folder, name), path.join(target, name))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function list(...args: string[]): Promise<string[]> {
  const { stdout } = await run('git', [...args, '-z'], { cwd: root, maxBuffer: 2 ** 26 });
  return stdout.split('\0').filter(Boolean);
}

/** A file that git still lists has been removed. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
