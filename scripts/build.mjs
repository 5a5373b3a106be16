// Compiles packages, and generates each service's Prisma client where its schema is newer. What is up to date is left
// alone. After a part of a dist folder has been removed, remove the rest of it.
//
//   node scripts/build.mjs [PACKAGE...]
//
// Without a package, all of them: tsconfig.json has those that are no service.
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exitOn, packageProblem } from './requirements.mjs';
import { programOf, run } from './run.mjs';
import { services } from './services.mjs';

/** What belongs to a project, beside what its file says: a service is listed in package.json alone. */
const SERVICES_OF = {
  '.': services.map(({ name }) => name),
  'tsconfig.tests.json': services.map(({ name }) => `${name}/test`),
};
const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** Ends the process with status 1 when something does not compile. */
export async function build(projects) {
  exitOn(packageProblem());
  await Promise.all(services.map(({ folder }) => generateClient(folder)));
  const withServices = projects.flatMap((project) => [project, ...(SERVICES_OF[project] ?? [])]);
  // Several checkers each check the types of the libraries again, which takes longer.
  if (!run('typescript', 'tsc', ['--build', '--checkers', '1', ...withServices])) process.exit(1);
}

async function generateClient(folder) {
  const schema = path.join(folder, 'prisma/schema.prisma');
  const prisma = createRequire(import.meta.url).resolve('prisma/package.json');
  const client = path.join(folder, 'src/generated/prisma/client.ts');
  if (modified(client) > Math.max(modified(schema), modified(prisma))) return;
  // `generate` looks for a native schema engine, which it never runs: any program stops the download.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' };
  const args = [programOf('prisma', 'prisma'), 'generate', '--no-hints', `--schema=${schema}`];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: folder, env });
  } catch ({ stdout, stderr }) {
    console.error(`${stdout}${stderr}`);
    process.exit(1);
  }
}

const projects = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) await build(projects.length > 0 ? projects : ['.']);
