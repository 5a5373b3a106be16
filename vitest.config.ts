import { defineConfig } from 'vitest/config';

const packages = ['proto', 'service-kit', 'author-service', 'book-service', 'sandbox'];

export default defineConfig({
  test: {
    globalSetup: './vitest.global-setup.ts',
    projects: [
      ...packages.map((name) => ({
        test: {
          name,
          root: name,
          include: ['test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 10_000 } },
        },
      })),
      './e2e/vitest.config.ts',
    ],
  },
});
