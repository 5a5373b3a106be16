// Compiles the package of a program, and then runs the program in this process:
//
//   node scripts/tool.mjs [--services] sandbox/dist/seed/main.js ARGUMENTS
//
// With --services, the services are compiled too: the program runs them.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { root } from './run.mjs';
import { services } from './services.mjs';

const withServices = process.argv[2] === '--services' && process.argv.splice(2, 1).length === 1;
const [program] = process.argv.splice(2, 1);
if (!program) throw new Error('usage: node scripts/tool.mjs [--services] PROGRAM ARGUMENTS');
const [ownPackage] = program.split('/dist/');
await build([ownPackage, ...(withServices ? services.map(({ name }) => name) : [])]);
process.argv[1] = path.join(root, program);
await import(pathToFileURL(process.argv[1]).href);
