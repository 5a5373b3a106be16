import { runCommand } from '../command.js';
import { SandboxError } from '../sandbox-error.js';
import { baseFiles } from './base-files.js';
import { replaceFolders } from './files.js';
import { convertCompose, KOMPOSE_VERSION, komposeVersion } from './kompose.js';
import { render, splitFolders, splitManifests } from './overlays.js';

/** `npm run k8s:export`: compose.yaml to k8s/base, and the docker-desktop overlay to a file for each manifest. */
await runCommand('k8s:export', async () => {
  const version = await komposeVersion();
  if (version !== KOMPOSE_VERSION) {
    const found = version ? `this is ${version}` : 'none is on PATH';
    throw new SandboxError(`kompose ${KOMPOSE_VERSION} is needed, ${found}; k8s/README.md says how to get it`);
  }
  const base = baseFiles(await convertCompose());
  replaceFolders(['k8s/base'], base);
  const rendered = await render('docker-desktop');
  if (!rendered) throw new SandboxError('neither kustomize nor kubectl is on PATH; k8s/README.md says how to get one');
  const manifests = splitManifests(rendered);
  replaceFolders(splitFolders(), manifests);
  console.log(`k8s/base: ${base.size} files, and ${manifests.size} files for kubectl apply -f`);
});
