import { defineConfig } from 'vitest/config';
import { forgetShellVariables } from '../../vitest.environment.js';

forgetShellVariables();

/** By itself: it needs grpcui and a Chromium on this machine, which npm does not bring. Needs `npm run build` before. */
export default defineConfig({
  test: {
    name: 'grpcui',
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    bail: 1,
  },
});
