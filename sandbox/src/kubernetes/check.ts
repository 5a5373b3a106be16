import { SandboxError } from '../sandbox-error.js';
import { differences, readFiles } from './files.js';
import { convertCompose, KOMPOSE_VERSION, komposeVersion } from './kompose.js';
import { currentLock, drift, readLock } from './lock.js';
import { overlays } from './paths.js';
import { unfitWorkloads } from './pod-security.js';
import { findRenderer } from './render.js';
import { runMain } from './run-main.js';
import { splitFolders, splitManifests } from './split.js';

/** `npm run k8s:check`: whether the committed manifests are what their sources give, as far as this machine can tell. */
await runMain('k8s:check', async () => {
  const problems = [
    ...unfitWorkloads(readFiles('k8s/base')),
    ...drift(readLock(), currentLock()),
    ...(await checkBase()),
    ...(await checkOverlays()),
  ];
  for (const problem of problems) console.error(`  ${problem}`);
  if (problems.length > 0) throw new SandboxError('k8s/ is out of date: npm run k8s:export');
  console.log('k8s/ is what compose.yaml and its overlays give');
});

async function checkBase(): Promise<string[]> {
  const version = await komposeVersion();
  if (version !== KOMPOSE_VERSION) {
    console.log(`  no kompose ${KOMPOSE_VERSION} on PATH: k8s/base is compared by hash only`);
    return [];
  }
  return differences(readFiles('k8s/base'), await convertCompose()).map((file) => `${file} differs from kompose's`);
}

async function checkOverlays(): Promise<string[]> {
  const render = await findRenderer();
  if (!render) {
    console.log('  neither kustomize nor kubectl on PATH: the rendered manifests are compared by hash only');
    return [];
  }
  const rendered = await Promise.all(overlays.map(render));
  const manifests = splitManifests(rendered[overlays.indexOf('docker-desktop')] ?? '');
  return differences(readFiles(...splitFolders), manifests).map((file) => `${file} differs from the rendered overlay`);
}
