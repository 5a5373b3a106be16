import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments, visit } from 'yaml';
import { type Files, readFiles } from './files.js';
import { composeFiles, KOMPOSE_VERSION } from './kompose.js';
import { root } from './paths.js';
import { splitFolders } from './split.js';

/** What the committed manifests were made from, and what was made: shows drift where no kompose is installed. */
export interface Lock {
  readonly kompose: string;
  readonly inputs: Record<string, string>;
  readonly outputs: Record<string, string>;
}

const lockFile = path.join(root, 'k8s/export.lock.json');

export const currentLock = (): Lock => ({
  kompose: KOMPOSE_VERSION,
  inputs: hashes(
    readFiles(
      ...composeFiles,
      'sandbox/dev-secrets',
      'k8s/components/kubernetes',
      'k8s/components/local',
      'k8s/overlays/docker-desktop',
    ),
  ),
  outputs: hashes(readFiles('k8s/base', ...splitFolders)),
});

export const readLock = () => JSON.parse(readFileSync(lockFile, 'utf8')) as Lock;

export const writeLock = () => writeFileSync(lockFile, `${JSON.stringify(currentLock(), null, 2)}\n`);

/** What has changed since the export, a line each. */
export function drift(locked: Lock, current: Lock): string[] {
  const changed = (part: 'inputs' | 'outputs') =>
    [...new Set([...Object.keys(locked[part]), ...Object.keys(current[part])])]
      .filter((file) => locked[part][file] !== current[part][file])
      .sort();
  return [
    ...(locked.kompose === current.kompose ? [] : [`exported by kompose ${locked.kompose}, not ${current.kompose}`]),
    ...changed('inputs').map((file) => `${file} has changed since the export`),
    ...changed('outputs').map((file) => `${file} is not what was exported`),
  ];
}

function hashes(files: Files): Record<string, string> {
  return Object.fromEntries(
    [...files].map(([file, text]) => [file, hash(file.endsWith('.yaml') ? meaning(text) : text)]),
  );
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** YAML without its comments and blank lines, so that a new comment in compose.yaml needs no kompose. */
function meaning(text: string): string {
  return parseAllDocuments(text)
    .map((document) => {
      document.commentBefore = null;
      document.comment = null;
      visit(document, {
        Node: (_, node) => {
          node.commentBefore = null;
          node.comment = null;
          node.spaceBefore = false;
        },
      });
      return document.toString({ lineWidth: 0 });
    })
    .join('---\n');
}
