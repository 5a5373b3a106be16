import { SandboxError } from '../sandbox-error.js';
import { chooseContext } from './context.js';
import { needsCredentials, putSecrets } from './credentials.js';
import { readOptions } from './options.js';
import { asList, renderWith } from './rendered.js';
import { runMain } from './run-main.js';

/**
 * `npm run k8s:secrets -- --overlay secure`, or `--overlay production --credentials FOLDER`: the Secrets that the
 * overlay takes, in its namespace, for whoever applies it with kubectl alone.
 */
await runMain('k8s:secrets', async () => {
  const { context, overlay = 'secure', credentials } = readOptions(process.argv.slice(2));
  if (!needsCredentials(overlay)) throw new SandboxError(`the overlay ${overlay} brings its own`);
  if (overlay === 'production' && !credentials) throw new SandboxError('production needs yours: --credentials FOLDER');
  const kubectl = await chooseContext(context);
  const namespaces = (await renderWith(kubectl, overlay)).filter(({ kind }) => kind === 'Namespace');
  await kubectl.readFed(asList(namespaces), 'apply', '-f', '-');
  await putSecrets(kubectl, overlay, { folder: credentials });
  console.log(`the Secrets of ${overlay} are in the context ${kubectl.context}`);
});
