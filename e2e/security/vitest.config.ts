import { defineConfig } from 'vitest/config';
import { forgetShellVariables } from '../../vitest.environment.js';

forgetShellVariables();

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
