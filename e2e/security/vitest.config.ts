import { defineConfig } from 'vitest/config';

/** What takes longer than a few seconds, or the whole machine: one file after the other. */
export default defineConfig({
  test: {
    name: 'security',
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
