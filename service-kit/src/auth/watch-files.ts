import { unwatchFile, watchFile } from 'node:fs';

const INTERVAL_MS = 1000;

/** Calls `changed` when a file is replaced. It polls: mounted secrets and network mounts do not send events. */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  const listener = () => changed(); // of this watch alone, so that its end leaves others
  for (const file of files) watchFile(file, { interval: INTERVAL_MS, persistent: false }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener);
  };
}
