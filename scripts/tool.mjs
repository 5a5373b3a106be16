// Brings the build up to date, then runs one of the repository's programs in this process:
//
//   node scripts/tool.mjs [--build PACKAGE] sandbox/dist/seed/main.js ARGUMENTS
//
// Everything is built, or only a package and what it needs, where a program has to work while others do not compile.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { root } from './run.mjs';

const [, project = '.'] = process.argv[2] === '--build' ? process.argv.splice(2, 2) : [];
const [program] = process.argv.splice(2, 1);
if (!program) throw new Error('usage: node scripts/tool.mjs PROGRAM ARGUMENTS');
build([project]);
const file = path.join(root, program);
process.argv[1] = file;
await import(pathToFileURL(file).href);
