import { defineConfig } from 'vitest/config';

const project = (name: string, isolate = true) => ({
  test: {
    name,
    root: name,
    include: ['test/**/*.test.ts'],
    isolate,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
});

export default defineConfig({
  test: {
    globalSetup: './vitest.global-setup.ts',
    // Most tests wait for a database, a process or a deadline: more of them at once than there are cores.
    maxWorkers: 3,
    projects: [
      project('proto'),
      // Each file leaves nothing behind, and NestJS and Prisma take longer to load than most files take to run.
      project('service-kit', false),
      project('author-service', false),
      project('book-service', false),
      project('sandbox'),
      project('bench'),
      './e2e/vitest.config.ts',
    ],
  },
});
