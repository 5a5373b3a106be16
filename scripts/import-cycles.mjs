// Folders of a package that import each other, directly or by way of others.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { importsOf } from './imports.mjs';
import { root } from './run.mjs';

/**
 * The first cycle among a package's folders, such as ['server', 'auth', 'server']; undefined where there is none.
 *
 * @param sources the text of each file, by its path below src, such as server/readiness.ts
 */
export function folderCycle(sources) {
  const imports = new Map();
  for (const [file, text] of sources) {
    const from = path.posix.dirname(file);
    const targets = importsOf(text)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier }) => path.posix.dirname(path.posix.join(from, specifier)));
    imports.set(from, new Set([...(imports.get(from) ?? []), ...targets.filter((folder) => folder !== from)]));
  }
  const done = new Set();
  const visit = (folder, way) => {
    if (way.includes(folder)) return [...way.slice(way.indexOf(folder)), folder];
    if (done.has(folder)) return undefined;
    for (const next of imports.get(folder) ?? []) {
      const cycle = visit(next, [...way, folder]);
      if (cycle) return cycle;
    }
    done.add(folder);
    return undefined;
  };
  for (const folder of imports.keys()) {
    const cycle = visit(folder, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** True when no folders of the kit import each other in a circle; else prints the circle. */
export function hasNoCycle(folder = 'service-kit/src') {
  const src = path.join(root, folder);
  const files = readdirSync(src, { recursive: true }).filter((file) => file.endsWith('.ts'));
  const sources = files.map((file) => [file.replaceAll(path.sep, '/'), readFileSync(path.join(src, file), 'utf8')]);
  const cycle = folderCycle(sources);
  if (cycle) console.error(`folders of ${folder} import each other: ${cycle.join(' -> ')}`);
  return cycle === undefined;
}
