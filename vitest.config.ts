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
const suite = process.env.E2E_SUITE || 'embedded';
const isSlow = suite === 'slow';
const hasPackages = isSlow || suite === 'embedded';
/**
 * Many tests wait for a database or a process: one worker more than a small machine has cores. In suites that are not
 * here, files share a cluster, or measure.
 */
const workersOf: Readonly<Record<string, number>> = { embedded: 3, slow: 2, tutorial: 2, dev: 2 };

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
    globalSetup: hasPackages ? './vitest.global-setup.ts' : [],
    maxWorkers: workersOf[suite] ?? 1,
    projects: hasPackages ? [packages, './e2e/vitest.config.ts'] : ['./e2e/vitest.config.ts'],
  },
});
