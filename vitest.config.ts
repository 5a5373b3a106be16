import { defineConfig } from 'vitest/config';

const project = (name: string) => ({
  test: {
    name,
    root: name,
    include: ['test/**/*.test.ts'],
    // Each file leaves nothing behind, and NestJS and Prisma take longer to load than most files take to run.
    isolate: false,
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
      project('service-kit'),
      project('author-service'),
      project('book-service'),
      project('sandbox'),
      project('bench'),
      './e2e/vitest.config.ts',
    ],
  },
});
