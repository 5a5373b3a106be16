import { runCommand } from '../command.js';
import { SandboxError } from '../sandbox-error.js';
import { baseFiles } from './base-files.js';
import { differences, readFiles } from './files.js';
import { convertCompose, KOMPOSE_VERSION, komposeVersion } from './kompose.js';
import { OVERLAYS, render, splitFolders, splitManifests } from './overlays.js';

/** `npm run k8s:check`: whether the committed manifests are what an export would write, as far as this machine can tell. */
await runCommand('k8s:check', async () => {
  const problems: string[] = [];

  if ((await komposeVersion()) === KOMPOSE_VERSION) {
    const files = differences(readFiles('k8s/base'), baseFiles(await convertCompose()));
    problems.push(...files.map((file) => `${file} is not what compose.yaml gives`));
  } else console.log(`  no kompose ${KOMPOSE_VERSION} on PATH: k8s/base is not compared with compose.yaml`);

  const [rendered] = await Promise.all(OVERLAYS.map(render));
  if (rendered) {
    const files = differences(readFiles(...splitFolders()), splitManifests(rendered));
    problems.push(...files.map((file) => `${file} differs from the rendered overlay`));
  } else console.log('  neither kustomize nor kubectl on PATH: the rendered manifests are not compared');

  for (const problem of problems) console.error(`  ${problem}`);
  if (problems.length > 0) throw new SandboxError('k8s/ is out of date: npm run k8s:export');
  console.log('k8s/ is what compose.yaml and its overlays give');
});
