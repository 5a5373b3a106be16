import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../root.js';
import { readFiles } from './files.js';
import { composeForKompose, KOMPOSE_VERSION } from './kompose.js';
import { parseManifests } from './manifest.js';
import { splitFolders } from './split.js';

/** Hashes of what the committed manifests were made from, and of the manifests: shows differences without kompose. */
export type Lock = Record<'kompose' | 'compose.yaml' | 'patches' | 'passwords' | 'manifests', string>;

const lockFile = path.join(root, 'k8s/export.lock.json');

export const currentLock = (): Lock => ({
  kompose: KOMPOSE_VERSION,
  'compose.yaml': hash(composeForKompose()),
  patches: hashOf('k8s/components', 'k8s/overlays/docker-desktop'),
  passwords: hashOf('sandbox/dev-secrets'),
  manifests: hashOf('k8s/base', ...splitFolders()),
});

export const readLock = () => JSON.parse(readFileSync(lockFile, 'utf8')) as Lock;

export const writeLock = () => writeFileSync(lockFile, `${JSON.stringify(currentLock(), null, 2)}\n`);

/** What has changed since the export, a line each. */
export function drift(locked: Lock, current: Lock): string[] {
  const parts = Object.keys(current) as (keyof Lock)[];
  return parts.filter((part) => locked[part] !== current[part]).map((part) => `${part} changed since the export`);
}

/** Of YAML without its comments: a new comment needs no export. */
function hashOf(...folders: string[]): string {
  const files = [...readFiles(...folders)].map(([file, text]) => [
    file,
    file.endsWith('.yaml') ? parseManifests(text) : text,
  ]);
  return hash(JSON.stringify(files));
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
