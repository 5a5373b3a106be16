import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Imports that are always loaded, as compilers write them: each begins a line. */
const IMPORT = /^(?:import|export) (?:[^;'"]* from )?['"]([^'"]+)['"]/gm;

/** The packages that a compiled program of this repository imports, by itself or through other code of the repository. */
export function packagesOf(program: string): Set<string> {
  const packages = new Set<string>();
  const files = new Set([program]);
  // A set that grows is walked to its last end.
  for (const file of files) {
    for (const [, name = ''] of readIfThere(file).matchAll(IMPORT)) {
      if (name.startsWith('.')) files.add(path.resolve(path.dirname(file), name));
      else if (name.startsWith('@bookstore/')) files.add(createRequire(file).resolve(name));
      else packages.add(name);
    }
  }
  return packages;
}

/** The compiler may be at work on it. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
