// Brings everything that is made from sources up to date: each service's Prisma client, then the compiled packages.
// What is newer than its source is left alone, so that a second build costs a fraction of a second. What was removed, in
// whole or in part, is made again.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitOn, packageProblem, pathProblem } from './requirements.mjs';
import { root, run } from './run.mjs';
import { services } from './services.mjs';

const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** Ends the process with status 1 when something does not compile. */
export function build(projects) {
  exitOn(pathProblem() ?? packageProblem());
  if (!hasContract())
    orExit(spawnSync(process.execPath, [path.join(root, 'scripts/generate.mjs')], { stdio: 'inherit' }).status === 0);
  const prismaInstalled = modified(createRequire(import.meta.url).resolve('prisma/package.json'));
  // An image's build holds one service.
  for (const { folder } of services) {
    const schema = path.join(folder, 'prisma/schema.prisma');
    const generated = path.join(folder, 'src/generated');
    const client = path.join(generated, 'prisma/client.ts');
    if (modified(client) > Math.max(modified(schema), prismaInstalled) && isComplete(generated)) continue;
    // `generate` looks for a native schema engine, which it never runs: any executable stops the download.
    const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' };
    orExit(run('prisma', 'prisma', ['generate', '--no-hints', `--schema=${schema}`], { env }));
    noteFiles(generated);
  }
  compile(projects);
}

/** proto/gen is committed, so that it is missing only where somebody has removed it. */
function hasContract() {
  const files = readdirSync(path.join(root, 'proto'), { recursive: true }).filter((file) => file.endsWith('.proto'));
  const generated = ['descriptors.binpb', ...files.map((file) => file.replace(/proto$/, 'ts'))];
  return generated.every((file) => existsSync(path.join(root, 'proto/gen', file)));
}

/** What has failed has said why. */
function orExit(ok) {
  if (!ok) process.exit(1);
}

/** The compiler trusts its record, and does not look for the files that it has written. */
function compile(projects) {
  const { workspaces } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const folders = [...workspaces, 'e2e/chaos'].map((folder) => path.join(root, folder));
  for (const folder of folders) {
    // A record beside dist is from an older version of the repository, which has compiled its sources into dist.
    const oldRecord = path.join(folder, 'tsconfig.tsbuildinfo');
    if (!existsSync(oldRecord) && isComplete(path.join(folder, 'dist'))) continue;
    for (const record of [oldRecord, path.join(folder, RECORD)]) rmSync(record, { force: true });
  }
  orExit(run('typescript', 'tsc', ['--build', ...projects]));
  for (const folder of folders) if (existsSync(path.join(folder, RECORD))) noteFiles(path.join(folder, 'dist'));
}

const RECORD = 'dist/tsconfig.tsbuildinfo';
const NOTE = '.files';

/** Notes which files a finished step has left in a folder. */
function noteFiles(folder) {
  const files = readdirSync(folder, { recursive: true }).join('\n');
  if (files !== readNote(folder)) writeFileSync(path.join(folder, NOTE), files);
}

const isComplete = (folder) =>
  readNote(folder)
    ?.split('\n')
    .every((file) => existsSync(path.join(folder, file)));

function readNote(folder) {
  const note = path.join(folder, NOTE);
  return existsSync(note) ? readFileSync(note, 'utf8') : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build(process.argv.length > 2 ? process.argv.slice(2) : ['.']);
