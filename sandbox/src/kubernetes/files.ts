import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../scripts/services.mjs';

/** Texts by their path from the repository's root, with forward slashes. */
export type Files = ReadonlyMap<string, string>;

/** Every file below these folders. */
export function readFiles(...folders: string[]): Files {
  const names = folders.flatMap((folder) => {
    const at = path.join(root, folder);
    if (!existsSync(at)) return [];
    return readdirSync(at, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
  });
  return new Map(names.sort().map((name) => [name, readFileSync(path.join(root, name), 'utf8')]));
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
