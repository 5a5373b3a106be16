import { chooseContext } from './context.js';
import { overlayFor, readOptions } from './options.js';
import { runMain } from './run-main.js';
import { showBookstore } from './show-bookstore.js';

/** `npm run k8s:status [-- --overlay NAME] [--context NAME]`: what runs, and how to call it. */
await runMain('k8s:status', async () => {
  const { context, overlay } = readOptions(process.argv.slice(2));
  const kubectl = await chooseContext(context);
  await showBookstore(kubectl, overlay ?? overlayFor(kubectl.context));
});
