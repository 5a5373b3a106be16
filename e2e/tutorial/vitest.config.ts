import { defineConfig } from 'vitest/config';
import { forgetShellVariables } from '../../vitest.environment.js';

forgetShellVariables();

/** By itself: it builds the whole repository more than once. Needs `npm run build` before. */
export default defineConfig({
  test: { name: 'tutorial', root: import.meta.dirname, testTimeout: 300_000, hookTimeout: 120_000, bail: 1 },
});
