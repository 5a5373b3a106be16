// Compiles the command k8s:NAME where its source is newer, then runs it: node scripts/k8s.mjs NAME [ARGUMENTS]
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './run.mjs';

if (!run('typescript', 'tsc', ['--build', 'sandbox'])) process.exit(1);
const [name] = process.argv.splice(2, 1);
await import(pathToFileURL(path.join(root, `sandbox/dist/kubernetes/${name}.js`)).href);
