import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { runScript } from './run-script.js';

/** Checkers side by side each work out anew what packages' types are, which is most of the work that a change makes. */
const ONE_CHECKER = ['--checkers', '1'];

/**
 * Compiles services and what they lean on.
 *
 * The compiler takes what is older than its own record for compiled. A file that is saved after it was read and before
 * that record is written would be left out for good, so that the record is dated back to when the compiler began.
 *
 * @returns whether it compiles
 */
export async function compile(root: string, services: readonly string[], signal: AbortSignal): Promise<boolean> {
  const begun = new Date();
  const compiles = await runScript(root, 'build.mjs', [...ONE_CHECKER, ...services], signal);
  for (const folder of readdirSync(root)) {
    const record = path.join(root, folder, 'dist/tsconfig.tsbuildinfo');
    if (existsSync(record) && statSync(record).mtime > begun) utimesSync(record, begun, begun);
  }
  return compiles;
}
