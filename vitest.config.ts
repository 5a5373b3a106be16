import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { exitOn, testPathProblem } from './scripts/requirements.mjs';
import { forgetShellVariables } from './vitest.environment.js';
import { keepScratchInMemory } from './vitest.scratch.js';

exitOn(testPathProblem());
forgetShellVariables();
// A package's tests use the compiled code of the others: they must see every saved change.
const build = spawnSync(process.execPath, [path.join(import.meta.dirname, 'scripts/build.mjs')], {
  stdio: ['ignore', 2, 2],
});
if (build.status !== 0) process.exit(1);
keepScratchInMemory();
/** What runs instead of the tests that `npm test` runs: see e2e/vitest.config.ts. */
const suite = process.env.E2E_SUITE;
const isSlow = suite === 'slow';

/** One project for all of them: each project has its own workers, which would load NestJS and Prisma again. */
const packages: TestProjectConfiguration = {
  test: {
    name: 'packages',
    include: [isSlow ? '*/test/**/*.slow.test.ts' : '*/test/**/*.test.ts'],
    exclude: isSlow ? [] : ['**/*.slow.test.ts'],
    // Test files clean up, and share the modules that a worker has loaded.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
};

export default defineConfig({
  test: {
    globalSetup: suite && !isSlow ? [] : './vitest.global-setup.ts',
    // Many tests wait for a database or a process: one worker more than a small machine has cores.
    maxWorkers: suite ? 1 : 3,
    projects: suite && !isSlow ? ['./e2e/vitest.config.ts'] : [packages, './e2e/vitest.config.ts'],
  },
});
