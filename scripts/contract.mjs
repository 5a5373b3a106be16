import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './run.mjs';

const buf = (...args) => run('@bufbuild/buf', 'buf', args, { cwd: 'proto' });

/** Generates `gen` below a folder, given from proto/ or absolute. */
export function generate(folder) {
  return buf('generate', '--output', folder) && buf('build', '--output', path.join(folder, 'gen/descriptors.binpb'));
}

/** Style: names, packages, and a comment on everything. */
export const lint = () => buf('lint');

/** Nothing that a client relies on may go: compared with the contract as it was last agreed on. */
export const breaking = () => buf('breaking', '--against', 'contract.binpb');

/** Agrees on the contract as it is now. To be committed by itself, with the reason. */
export const agree = () => buf('build', '--exclude-source-info', '--output', 'contract.binpb');

/** Whether proto/gen is what the .proto files make. */
export function isGenerated(scratch) {
  if (!generate(scratch)) return false;
  const fresh = filesOf(path.join(scratch, 'gen'));
  const committed = filesOf(path.join(root, 'proto/gen'));
  const changed = [...new Set([...fresh.keys(), ...committed.keys()])].filter(
    (file) => !fresh.get(file)?.equals(committed.get(file) ?? Buffer.of()),
  );
  for (const file of changed) console.error(`proto/gen/${file} is not what the .proto files make: npm run generate`);
  return changed.length === 0;
}

function filesOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const file = path.join(parentPath, name);
      return [path.relative(folder, file), readFileSync(file)];
    }),
  );
}
