import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { differences, type Files, readFiles } from './files.js';
import { composeForKompose, KOMPOSE_VERSION } from './kompose.js';
import { parseManifests } from './manifest.js';
import { root } from './paths.js';
import { splitFolders } from './split.js';

/** Hashes of what the committed manifests were made from, and of what was made: shows drift without kompose. */
export interface Lock {
  readonly kompose: string;
  readonly inputs: Record<string, string>;
  readonly outputs: Record<string, string>;
}

const lockFile = path.join(root, 'k8s/export.lock.json');

export const currentLock = (): Lock => ({
  kompose: KOMPOSE_VERSION,
  inputs: {
    'compose.yaml': hash(composeForKompose()),
    ...hashes(
      readFiles(
        'sandbox/dev-secrets',
        'k8s/components/kubernetes',
        'k8s/components/local',
        'k8s/overlays/docker-desktop',
      ),
    ),
  },
  outputs: hashes(readFiles('k8s/base', ...splitFolders())),
});

export const readLock = () => JSON.parse(readFileSync(lockFile, 'utf8')) as Lock;

export const writeLock = () => writeFileSync(lockFile, `${JSON.stringify(currentLock(), null, 2)}\n`);

/** What has changed since the export, a line each. */
export function drift(locked: Lock, current: Lock): string[] {
  const changed = (part: 'inputs' | 'outputs') =>
    differences(new Map(Object.entries(locked[part])), new Map(Object.entries(current[part])));
  return [
    ...(locked.kompose === current.kompose ? [] : [`exported by kompose ${locked.kompose}, not ${current.kompose}`]),
    ...changed('inputs').map((file) => `${file} has changed since the export`),
    ...changed('outputs').map((file) => `${file} is not what was exported`),
  ];
}

/** Of YAML without its comments: a new comment needs no export. */
function hashes(files: Files): Record<string, string> {
  const meaning = (file: string, text: string) =>
    file.endsWith('.yaml') ? JSON.stringify(parseManifests(text)) : text;
  return Object.fromEntries([...files].map(([file, text]) => [file, hash(meaning(file, text))]));
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
