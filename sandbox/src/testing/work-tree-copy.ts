import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../scripts/services.mjs';

const NOT_COPIED = new Set(['.git', '.sandbox', 'node_modules']);

/**
 * The work tree as a clone of it would be after `npm ci` and `node scripts/build.mjs`, somewhere else. What npm has
 * installed is linked, but for the workspaces: those are the copy's own.
 */
export class WorkTreeCopy implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<WorkTreeCopy> {
    const copy = new WorkTreeCopy(await mkdtemp(path.join(tmpdir(), 'bookstore-copy-')));
    const filter = (file: string) => !NOT_COPIED.has(path.basename(file));
    // What has been built is newer than its sources, and stays so.
    await cp(root, copy.folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true, filter });
    // Where lint looks for what git ignores.
    await promisify(execFile)('git', ['init', '--quiet'], { cwd: copy.folder });
    const { workspaces } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    for (const workspace of ['', ...workspaces]) await copy.#linkPackages(path.join(workspace, 'node_modules'));
    const own = 'node_modules/@bookstore';
    await cp(path.join(root, own), path.join(copy.folder, own), { recursive: true, verbatimSymlinks: true });
    return copy;
  }

  async #linkPackages(folder: string): Promise<void> {
    const names = await readdir(path.join(root, folder)).catch(() => []);
    const target = path.join(this.folder, folder);
    await mkdir(target, { recursive: true });
    // Not the caches of other runs.
    const linked = names.filter((name) => name !== '@bookstore' && !name.startsWith('.vite'));
    await Promise.all(linked.map((name) => symlink(path.join(root, folder, name), path.join(target, name))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
