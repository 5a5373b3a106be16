import { type StatsListener, unwatchFile, watchFile } from 'node:fs';

/**
 * Tells when one of the files becomes another one, also by a symbolic link that moves, as mounted secrets do. It looks
 * every so often instead of waiting for the file system's events, which network and container mounts do not all send.
 *
 * @returns ends the watch
 */
export function watchFiles(files: readonly string[], intervalMs: number, changed: () => void): () => void {
  const listener: StatsListener = () => changed();
  for (const file of files) watchFile(file, { interval: intervalMs, persistent: false }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener);
  };
}
