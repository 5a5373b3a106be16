// Copies what a service's image needs, and nothing else: the files that its programs reach, traced import by import, and
// its migrations. Of node_modules that is a tenth: Prisma's client alone brings compilers for five other databases.
//
//   node scripts/image-files.mjs author-service /out
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { nodeFileTrace } from '@vercel/nft';
import { root } from './run.mjs';

const [service, out] = process.argv.slice(2);
if (!service || !out) throw new Error('usage: node scripts/image-files.mjs SERVICE FOLDER');

const programs = [
  `${service}/dist/main.js`,
  'service-kit/dist/telemetry/register.js',
  ...['migrate', 'probe', 'fsck'].map((tool) => `service-kit/dist/${tool}/main.js`),
];
// Files that are found by a path which is put together at run time.
const data = [
  'proto/gen/descriptors.binpb',
  'node_modules/@prisma/schema-engine-wasm/schema_engine_bg.wasm',
  `${service}/package.json`,
  `${service}/prisma/migrations`,
];

// Its warnings are of optional packages that nobody installed, and of data that is no JavaScript.
const { fileList } = await nodeFileTrace(programs, { base: root, processCwd: root });
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
