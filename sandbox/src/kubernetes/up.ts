import { SandboxError } from '../sandbox-error.js';
import { chooseContext } from './context.js';
import { needsCredentials, putSecrets, requireSecrets } from './credentials.js';
import { requireImages } from './images.js';
import type { Kubectl } from './kubectl.js';
import { overlayFor, readOptions } from './options.js';
import { namespaceOf, type Overlay } from './paths.js';
import { asList, deploymentsOf, ownImages, renderWith } from './rendered.js';
import { runMain } from './run-main.js';
import { showBookstore } from './show-bookstore.js';
import type { Manifest } from './split.js';

const ROLLOUT_TIMEOUT = '300s';

/** `npm run k8s:up [-- --overlay NAME] [--context NAME]`: applies an overlay and waits until everything is ready. */
await runMain('k8s:up', async () => {
  const options = readOptions(process.argv.slice(2));
  const kubectl = await chooseContext(options.context);
  const overlay = options.overlay ?? overlayFor(kubectl.context);
  console.log(`k8s/overlays/${overlay} to the context ${kubectl.context}\n`);

  const manifests = await renderWith(kubectl, overlay);
  await requireImages(kubectl, ownImages(manifests));
  if (needsCredentials(overlay)) await provideSecrets(kubectl, overlay, manifests, options.credentials);
  if (!(await kubectl.feed(asList(manifests), 'apply', '-f', '-'))) throw new SandboxError('kubectl apply has failed');
  await waitForRollouts(kubectl, namespaceOf(overlay), manifests);
  await showBookstore(kubectl, overlay);
});

async function provideSecrets(
  kubectl: Kubectl,
  overlay: Overlay,
  manifests: Manifest[],
  folder?: string,
): Promise<void> {
  await kubectl.readFed(asList(manifests.filter(({ kind }) => kind === 'Namespace')), 'apply', '-f', '-');
  if (overlay === 'secure' || folder) await putSecrets(kubectl, overlay, { folder });
  else await requireSecrets(kubectl, overlay);
}

async function waitForRollouts(kubectl: Kubectl, namespace: string, manifests: Manifest[]): Promise<void> {
  for (const { metadata } of deploymentsOf(manifests)) {
    const name = `deployment/${metadata.name}`;
    if (await kubectl.show('-n', namespace, 'rollout', 'status', name, `--timeout=${ROLLOUT_TIMEOUT}`)) continue;
    await kubectl.show('-n', namespace, 'get', 'pods');
    throw new SandboxError(
      `${name} is not ready; why: kubectl --context ${kubectl.context} -n ${namespace} describe ${name}, and logs ${name} --all-containers`,
    );
  }
}
