import { SandboxError } from '../sandbox-error.js';
import { chooseContext } from './context.js';
import type { Kubectl } from './kubectl.js';
import { overlayFor, readOptions } from './options.js';
import { namespaceOf } from './paths.js';
import { runMain } from './run-main.js';

/** Everything but the volumes, and the passwords that what is on them was made with. */
const kinds = 'deployments,services,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies,configmaps';
const ours = 'app.kubernetes.io/part-of=bookstore';

/** `npm run k8s:down [-- --volumes] [--overlay NAME] [--context NAME]`: removes a bookstore; its data only with --volumes. */
await runMain('k8s:down', async () => {
  const { context, overlay, volumes } = readOptions(process.argv.slice(2));
  const kubectl = await chooseContext(context);
  const namespace = namespaceOf(overlay ?? overlayFor(kubectl.context));
  if (volumes) await remove(kubectl, 'namespace', namespace);
  else await remove(kubectl, '-n', namespace, kinds, '-l', ours);
  if (!volumes)
    console.log('The data is kept: npm run k8s:up goes on with it, npm run k8s:down -- --volumes removes it.');
});

async function remove(kubectl: Kubectl, ...what: string[]): Promise<void> {
  if (!(await kubectl.show('delete', '--ignore-not-found', ...what)))
    throw new SandboxError('kubectl delete has failed');
}
