import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './paths.js';

/** Texts by their path from the repository's root, with forward slashes. */
export type Files = ReadonlyMap<string, string>;

/** Every file below these paths, which are folders or files from the repository's root. */
export function readFiles(...paths: string[]): Files {
  const files = new Map<string, string>();
  for (const name of paths.flatMap(filesBelow).sort()) files.set(name, readFileSync(path.join(root, name), 'utf8'));
  return files;
}

/** Makes the folders hold these files and no other. */
export function replaceFolders(folders: readonly string[], files: Files): void {
  for (const folder of folders) rmSync(path.join(root, folder), { recursive: true, force: true });
  for (const [name, text] of files) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
}

/** The paths at which the two differ, one of them lacking it included. */
export function differences(left: Files, right: Files): string[] {
  return [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name)).sort();
}

function filesBelow(name: string): string[] {
  try {
    return readdirSync(path.join(root, name), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? filesBelow(`${name}/${entry.name}`) : [`${name}/${entry.name}`],
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [name];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
