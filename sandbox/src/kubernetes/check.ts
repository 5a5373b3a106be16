import { runCommand } from '../command.js';
import { SandboxError } from '../sandbox-error.js';
import { baseFiles } from './base-files.js';
import { differences, readFiles } from './files.js';
import { convertCompose, KOMPOSE_VERSION, komposeVersion } from './kompose.js';
import { currentLock, drift, readLock } from './lock.js';
import { findRenderer, type Overlay } from './render.js';
import { splitFolders, splitManifests } from './split.js';

/** `npm run k8s:check`: whether the committed manifests are what an export would write, as far as this machine can tell. */
await runCommand('k8s:check', async () => {
  const problems = [...drift(readLock(), currentLock()), ...(await checkBase()), ...(await checkOverlays())];
  for (const problem of problems) console.error(`  ${problem}`);
  if (problems.length > 0) throw new SandboxError('k8s/ is out of date: npm run k8s:export');
  console.log('k8s/ is what compose.yaml and its overlays give');
});

async function checkBase(): Promise<string[]> {
  if ((await komposeVersion()) !== KOMPOSE_VERSION) {
    console.log(`  no kompose ${KOMPOSE_VERSION} on PATH: k8s/base is compared by hash only`);
    return [];
  }
  const files = differences(readFiles('k8s/base'), baseFiles(await convertCompose()));
  return files.map((file) => `${file} is not what compose.yaml gives`);
}

async function checkOverlays(): Promise<string[]> {
  const render = await findRenderer();
  if (!render) {
    console.log('  neither kustomize nor kubectl on PATH: the rendered manifests are compared by hash only');
    return [];
  }
  for (const overlay of ['minikube', 'secure', 'production'] satisfies Overlay[]) await render(overlay);
  const files = differences(readFiles(...splitFolders()), splitManifests(await render('docker-desktop')));
  return files.map((file) => `${file} differs from the rendered overlay`);
}
