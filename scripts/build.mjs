// Brings everything that is made from sources up to date: each service's Prisma client, then the compiled packages.
// What is newer than its source is left alone, so that a second build costs a fraction of a second.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

/** Runs a package's own command with this Node; a failure ends the build with its status. */
function run(packageName, bin, args, env = {}) {
  const manifest = require.resolve(`${packageName}/package.json`);
  const script = path.join(path.dirname(manifest), require(manifest).bin[bin]);
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

for (const service of ['author-service', 'book-service']) {
  const schema = path.join(root, service, 'prisma/schema.prisma');
  if (!existsSync(schema)) continue; // an image's build holds one service
  const client = path.join(root, service, 'src/generated/prisma/client.ts');
  const newest = Math.max(modified(schema), modified(require.resolve('prisma/package.json')));
  if (modified(client) > newest) continue;
  // `generate` looks for a native schema engine, which it never runs: any executable stops the download.
  run('prisma', 'prisma', ['generate', '--no-hints', `--schema=${schema}`], {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  });
}

const projects = process.argv.slice(2);
run('typescript', 'tsc', ['--build', ...(projects.length > 0 ? projects : ['.'])]);
