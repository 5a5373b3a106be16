import { chooseContext } from './context.js';
import { needsCredentials, putSecrets, requireSecrets } from './credentials.js';
import { requireBuilt } from './images.js';
import type { Kubectl } from './kubectl.js';
import { overlayFor, readOptions } from './options.js';
import { namespaceOf, type Overlay } from './paths.js';
import { asList, ownImages, renderWith } from './rendered.js';
import { rollOut } from './roll-out.js';
import { runMain } from './run-main.js';
import { showBookstore } from './show-bookstore.js';
import type { Manifest } from './split.js';

/** `npm run k8s:up [-- --overlay NAME] [--context NAME]`: an overlay with the images as they are now; waits until ready. */
await runMain('k8s:up', async () => {
  const options = readOptions(process.argv.slice(2));
  const kubectl = await chooseContext(options.context);
  const overlay = options.overlay ?? overlayFor(kubectl.context);
  console.log(`k8s/overlays/${overlay} to the context ${kubectl.context}\n`);

  const manifests = await renderWith(kubectl, overlay);
  await requireBuilt(kubectl.context, ownImages(manifests));
  if (needsCredentials(overlay)) await provideSecrets(kubectl, overlay, manifests, options.credentials);
  await rollOut(kubectl, namespaceOf(overlay), manifests);
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
