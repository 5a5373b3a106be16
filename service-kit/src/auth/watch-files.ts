import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from '../log/logger.js';

const INTERVAL_MS = 1000;

/**
 * Calls `read` when a file is replaced. When it throws, what was read before stays. It polls: mounted secrets and network
 * mounts do not send events.
 *
 * @returns ends the watch
 */
export function watchFiles(files: readonly string[], read: () => void, logger: Logger): () => void {
  const listener = () => {
    try {
      read();
      logger.info({ files }, 'changed files were read again');
    } catch (error) {
      logger.warn({ problem: (error as Error).message }, 'changed files cannot be used; their old content stays');
    }
  };
  for (const file of files) watchFile(file, { interval: INTERVAL_MS, persistent: false }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener); // leaves the watches of others
  };
}
