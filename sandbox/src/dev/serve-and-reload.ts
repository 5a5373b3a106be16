import { Reloader, type ReloaderOptions } from './reloader.js';
import { sourceFolders } from './sources.js';
import { watchSources } from './watch-sources.js';

/**
 * Has the services serve, and from then on each change of their sources. Returns once they serve, or cannot until a
 * change mends them.
 *
 * @returns `ended` waits, after the signal, until no change is being worked on any more
 */
export async function serveAndReload(options: ReloaderOptions): Promise<{ ended(): Promise<void> }> {
  const reloader = new Reloader(options);
  const folders = sourceFolders(options.services.map(({ name }) => name));
  const close = await watchSources(options.root, folders, (files) => reloader.changed(files));
  await reloader.start();
  return {
    ended: async () => {
      await close();
      await reloader.ended();
    },
  };
}
