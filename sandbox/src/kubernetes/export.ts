import { parseArgs } from 'node:util';
import { runCommand } from '../command.js';
import { SandboxError } from '../sandbox-error.js';
import { baseFiles } from './base-files.js';
import { differences, type Files, readFiles, replaceFolders } from './files.js';
import { convertCompose, KOMPOSE_VERSION, komposeVersion } from './kompose.js';
import { OVERLAYS, render, splitFolders, splitManifests } from './overlays.js';

const isCheck = process.argv.includes('--check');

/**
 * `npm run k8s:export`: compose.yaml to k8s/base, and the docker-desktop overlay to a file for each manifest. `npm run
 * k8s:check` writes nothing, and names each file that an export would change, as far as this machine can tell.
 */
await runCommand(isCheck ? 'k8s:check' : 'k8s:export', async () => {
  parseArgs({ options: { check: { type: 'boolean' } } });
  const outdated: string[] = [];
  let what = 'compose.yaml and its overlays give';
  const put = (folders: readonly string[], files: Files) => {
    if (isCheck) outdated.push(...differences(readFiles(...folders), files));
    else replaceFolders(folders, files);
  };
  const lack = (program: string, folders: string) => {
    if (!isCheck) throw new SandboxError(`${program} is not on PATH (see the end of k8s/README.md)`);
    console.log(`  ${program} is not on PATH: ${folders} not compared`);
    what = 'could be compared here';
  };

  if ((await komposeVersion()) === KOMPOSE_VERSION) put(['k8s/base'], baseFiles(await convertCompose()));
  else lack(`kompose ${KOMPOSE_VERSION}`, 'k8s/base is');
  const [rendered] = await Promise.all(OVERLAYS.map(render));
  if (rendered) put(splitFolders(), splitManifests(rendered));
  else lack('kustomize or kubectl', 'the rendered manifests are');

  for (const file of outdated) console.error(`  ${file} differs from what an export writes`);
  if (outdated.length > 0) throw new SandboxError('k8s/ is out of date: npm run k8s:export');
  console.log(`k8s/ ${isCheck ? 'has' : 'now has'} what ${what}`);
});
