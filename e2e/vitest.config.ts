import { defineConfig } from 'vitest/config';
import { forgetShellVariables } from '../vitest.environment.js';

forgetShellVariables();

/**
 * The test files of each suite. `npm test` runs `embedded`; the others take minutes, or need Docker, a cluster or
 * grpcui, and run by themselves: `E2E_SUITE=security npx vitest run`.
 */
const suites: Record<string, string[]> = {
  embedded: [
    '{journeys,failures,telemetry,readme}/**/*.test.ts',
    'chaos/*.test.ts',
    // The pipeline that deploys runs on Linux; elsewhere bash may be one from 2007.
    ...(process.platform === 'linux' ? ['deploy/**/*.test.ts'] : []),
  ],
  compose: ['journeys/{authors,books,health}.test.ts', 'security/compose.test.ts', '{compose,readme}/**/*.test.ts'],
  kubernetes: ['journeys/{authors,books,health}.test.ts', 'kubernetes/**/*.test.ts'],
  // Also those of the packages.
  slow: ['**/*.slow.test.ts'],
  security: ['security/{authentication,http2-abuse}.test.ts'],
  dev: ['dev/**/*.test.ts'],
  tutorial: ['tutorial/**/*.test.ts'],
  grpcui: ['grpcui/**/*.test.ts'],
};
const suite = process.env.E2E_SUITE || 'embedded';
const include = suites[suite];
if (!include) throw new Error(`E2E_SUITE must be one of ${Object.keys(suites).join(', ')}, not ${suite}`);
const needsTarget = ['embedded', 'compose', 'kubernetes', 'grpcui'].includes(suite);

export default defineConfig({
  test: {
    name: 'e2e',
    root: import.meta.dirname,
    include,
    exclude: suite === 'slow' ? [] : ['**/*.slow.test.ts'],
    // The other suites start what they need.
    globalSetup: needsTarget ? './src/targets/global-setup.ts' : [],
    // Test files share the modules that a worker has loaded.
    isolate: false,
    testTimeout: suite === 'tutorial' ? 600_000 : 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
    bail: suite === 'dev' || suite === 'tutorial' ? 1 : 0,
  },
});
