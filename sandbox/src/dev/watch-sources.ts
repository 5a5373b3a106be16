import { once } from 'node:events';
import path from 'node:path';
import { watch } from 'chokidar';
import { isGenerated } from './sources.js';

/** Files that are saved together, by an editor or by git, are one change when no more than this lies between them, ms. */
const QUIET_MS = 30;

/**
 * Watches folders until it is closed.
 *
 * @param onChange told of the files, relative to `root`
 * @returns closes it
 */
export async function watchSources(
  root: string,
  folders: readonly string[],
  onChange: (files: readonly string[]) => void,
): Promise<() => Promise<void>> {
  const watcher = watch([...folders], { cwd: root, ignoreInitial: true, ignored: isGenerated });
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    const files = [...changed];
    changed.clear();
    onChange(files);
  };
  watcher.on('all', (event, file) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    changed.add(path.normalize(file));
    clearTimeout(timer);
    timer = setTimeout(tell, QUIET_MS);
  });
  await once(watcher, 'ready');
  return () => {
    clearTimeout(timer);
    return watcher.close();
  };
}
