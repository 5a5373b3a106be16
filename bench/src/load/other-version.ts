import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repository } from './contenders.js';

/** Another version of the repository, built in a folder of its own. */
export interface OtherVersion extends Disposable {
  readonly root: string;
}

/** @throws Error when the git reference is unknown, or does not build */
export function buildOtherVersion(reference: string): OtherVersion {
  const root = mkdtempSync(path.join(tmpdir(), 'bookstore-against-'));
  const run = (command: string, args: string[], cwd: string) => {
    const { status } = spawnSync(command, args, {
      cwd,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  };
  run('git', ['worktree', 'add', '--detach', '--force', root, reference], repository);
  run('npm', ['ci', '--ignore-scripts'], root);
  run('npm', ['run', 'build'], root);
  return {
    root,
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true, force: true });
      run('git', ['worktree', 'prune'], repository);
    },
  };
}
