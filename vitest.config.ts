import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { exitOn, testPathProblem } from './scripts/requirements.mjs';
import { forgetShellVariables } from './vitest.environment.js';
import { keepScratchInMemory } from './vitest.scratch.js';

exitOn(testPathProblem());
forgetShellVariables();
// Tests run what other packages have compiled, also by `npx vitest`. Where something does not compile, that is shown, and
// the tests of the rest still run.
spawnSync(process.execPath, [path.join(import.meta.dirname, 'scripts/build.mjs')], { stdio: ['ignore', 2, 2] });
keepScratchInMemory();

export default defineConfig({
  test: {
    globalSetup: './vitest.global-setup.ts',
    // Most tests wait for a database, a process or a deadline: more of them at once than there are cores.
    maxWorkers: 3,
    projects: [
      {
        test: {
          // As one project: each has workers of its own, which would load NestJS and Prisma anew for each package.
          name: 'packages',
          include: ['*/test/**/*.test.ts'],
          // Each file leaves nothing behind, and what it has imported serves the next one.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
      './e2e/vitest.config.ts',
    ],
  },
});
