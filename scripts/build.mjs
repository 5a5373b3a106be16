// Brings everything that is made from sources up to date: each service's Prisma client, then the compiled packages.
// What is newer than its source is left alone, so that a second build costs a fraction of a second.
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, run } from './run.mjs';

const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** Ends the process with status 1 when something does not compile. */
export function build(projects) {
  const prismaInstalled = modified(createRequire(import.meta.url).resolve('prisma/package.json'));
  for (const service of ['author-service', 'book-service']) {
    const schema = path.join(root, service, 'prisma/schema.prisma');
    if (!existsSync(schema)) continue; // an image's build holds one service
    const client = path.join(root, service, 'src/generated/prisma/client.ts');
    if (modified(client) > Math.max(modified(schema), prismaInstalled)) continue;
    // `generate` looks for a native schema engine, which it never runs: any executable stops the download.
    const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' };
    if (!run('prisma', 'prisma', ['generate', '--no-hints', `--schema=${schema}`], { env })) process.exit(1);
  }
  if (!run('typescript', 'tsc', ['--build', ...projects])) process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build(process.argv.length > 2 ? process.argv.slice(2) : ['.']);
