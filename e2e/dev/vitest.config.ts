import { defineConfig } from 'vitest/config';
import { forgetShellVariables } from '../../vitest.environment.js';

forgetShellVariables();

/** By itself: it compiles after each change, and builds images. Needs `npm run build` before, and Docker. */
export default defineConfig({
  test: {
    name: 'dev',
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    bail: 1,
  },
});
