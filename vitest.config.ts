import { defineConfig } from 'vitest/config';
import { forgetShellVariables } from './vitest.environment.js';
import { keepScratchInMemory } from './vitest.scratch.js';

forgetShellVariables();
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
