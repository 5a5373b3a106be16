// Everything that needs no database: format and lint, types, the contract and what is generated from it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as contract from './contract.mjs';
import { hasNoCycle } from './import-cycles.mjs';
import { arePicturesCurrent } from './pictures.mjs';
import { usesPublicApi } from './public-api.mjs';
import { exitOn, packageProblem } from './requirements.mjs';
import { root, run } from './run.mjs';

exitOn(packageProblem());
const build = path.join(root, 'scripts/build.mjs');
const scratch = mkdtempSync(path.join(tmpdir(), 'bookstore-'));
const checks = {
  'format and lint': () => run('@biomejs/biome', 'biome', ['check', '--error-on-warnings', '.']),
  types: () => spawnSync(process.execPath, [build, '.', 'tsconfig.tests.json'], { stdio: 'inherit' }).status === 0,
  'public API alone': usesPublicApi,
  'no import cycle in the kit': () => hasNoCycle(),
  'contract: style': contract.lint,
  'contract: nothing breaks': contract.breaking,
  'contract: generated code': () => contract.isGenerated(scratch),
  pictures: arePicturesCurrent,
};

const failed = [];
for (const [name, check] of Object.entries(checks)) {
  const ok = await check();
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  if (!ok) failed.push(name);
}
rmSync(scratch, { recursive: true });

console.log(`checks: ${Object.keys(checks).length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
