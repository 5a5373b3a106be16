import { type StatsListener, unwatchFile, watchFile } from 'node:fs';

/** The time between two looks at the files, ms. */
const INTERVAL_MS = 1000;

/**
 * Calls `changed` when one of the files becomes another one, also by a symbolic link that moves, as mounted secrets do. It
 * polls, since network and container mounts do not all send events.
 *
 * @returns ends the watch
 */
export function watchFiles(files: readonly string[], changed: () => void, intervalMs = INTERVAL_MS): () => void {
  const listener: StatsListener = () => changed();
  for (const file of files) watchFile(file, { interval: intervalMs, persistent: false }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener);
  };
}
