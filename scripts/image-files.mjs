// Copies what a service's image needs, and nothing else: the files that its programs reach, traced import by import, and
// its migrations. Of node_modules that is a small part: Prisma's client alone brings compilers for four other databases.
//
//   node scripts/image-files.mjs service-kit /out
//   node scripts/image-files.mjs author-service /out
//
// What is there already is left alone, with all that it reaches: the kit's part, nearly all of it, is a step of its own
// in the image's build, which a change of the service's own source does not repeat.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { nodeFileTrace } from '@vercel/nft';
import { root } from './run.mjs';

const [part, out] = process.argv.slice(2);
if (!part || !out) throw new Error('usage: node scripts/image-files.mjs service-kit|SERVICE FOLDER');

const KIT_PROGRAMS = ['telemetry/register', 'migrate/main', 'probe/main'];
// Data are files that are found by a path which is put together at run time.
const { programs, data } =
  part === 'service-kit'
    ? {
        programs: ['index', ...KIT_PROGRAMS].map((program) => `service-kit/dist/${program}.js`),
        data: ['proto/gen/descriptors.binpb'],
      }
    : { programs: [`${part}/dist/main.js`], data: [`${part}/package.json`, `${part}/prisma/migrations`] };

const ignore = (file) => existsSync(path.join(out, file));
// Its warnings are of optional packages that nobody installed, and of data that is no JavaScript.
const { fileList } = await nodeFileTrace(programs, { base: root, processCwd: root, ignore });
for (const file of fileList) copy(file);
for (const file of fileList)
  if (/(^|\/)dist\/.*\.js$/.test(file) && !file.startsWith('node_modules')) copySourceMap(file);
for (const file of data) copy(file);

function copySourceMap(file) {
  if (readFileSync(path.join(root, file), 'utf8').includes('//# sourceMappingURL=')) copy(`${file}.map`);
}

function copy(file) {
  const target = path.join(out, file);
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(path.join(root, file), target, { recursive: true, verbatimSymlinks: true });
}
