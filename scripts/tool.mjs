// Brings the build up to date, then runs one of the repository's programs in this process:
//
//   node scripts/tool.mjs sandbox/dist/seed/main.js ARGUMENTS
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { root } from './run.mjs';

const [program] = process.argv.splice(2, 1);
if (!program) throw new Error('usage: node scripts/tool.mjs PROGRAM ARGUMENTS');
build(['.']);
const file = path.join(root, program);
process.argv[1] = file;
await import(pathToFileURL(file).href);
