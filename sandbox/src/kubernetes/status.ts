import { chooseContext } from './context.js';
import { readOptions } from './options.js';
import { runMain } from './run-main.js';
import { showBookstore } from './show-bookstore.js';

/** `npm run k8s:status [-- --context NAME]`: what runs, and how to call it. */
await runMain('k8s:status', async () => {
  const { context } = readOptions(process.argv.slice(2));
  await showBookstore(await chooseContext(context));
});
