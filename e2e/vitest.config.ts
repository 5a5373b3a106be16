import { defineConfig } from 'vitest/config';
import { forgetShellVariables } from '../vitest.environment.js';

forgetShellVariables();

/** What only one target has, on top of the journeys. */
const ofTarget: Record<string, string[]> = {
  embedded: [
    '{start,failures,observability}/**/*.test.ts',
    'chaos/*.test.ts',
    // The pipeline that deploys runs on Linux; elsewhere bash may be one from 2007.
    ...(process.platform === 'linux' ? ['deploy/**/*.test.ts'] : []),
  ],
  compose: ['compose/**/*.test.ts'],
  kubernetes: ['kubernetes/**/*.test.ts'],
};
const target = process.env.E2E_TARGET || 'embedded';

export default defineConfig({
  test: {
    name: 'e2e',
    root: import.meta.dirname,
    include: ['{journeys,seed,readme}/**/*.test.ts', ...(ofTarget[target] ?? [])],
    globalSetup: './src/targets/global-setup.ts',
    // Pods that come and go take the cluster's attention from every other test.
    fileParallelism: target !== 'kubernetes',
    // Nothing is mocked, so that what one file has imported serves the next one.
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
