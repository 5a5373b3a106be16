import { SandboxError } from '../sandbox-error.js';
import { chooseContext } from './context.js';
import type { Kubectl } from './kubectl.js';
import { readOptions } from './options.js';
import { namespace } from './paths.js';
import { runMain } from './run-main.js';

/** Everything but the volumes and the passwords inside them. */
const kinds = 'deployments,services,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies,configmaps';
const ours = 'app.kubernetes.io/part-of=bookstore';

/** `npm run k8s:down [-- --volumes] [--context NAME]`: removes the bookstore; its data only with --volumes. */
await runMain('k8s:down', async () => {
  const { context, volumes } = readOptions(process.argv.slice(2));
  const kubectl = await chooseContext(context);
  if (volumes) await remove(kubectl, 'namespace', namespace);
  else await remove(kubectl, '-n', namespace, kinds, '-l', ours);
  if (!volumes)
    console.log('The data is kept: npm run k8s:up goes on with it, npm run k8s:down -- --volumes removes it.');
});

async function remove(kubectl: Kubectl, ...what: string[]): Promise<void> {
  if (!(await kubectl.show('delete', '--ignore-not-found', ...what)))
    throw new SandboxError('kubectl delete has failed');
}
