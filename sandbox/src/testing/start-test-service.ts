import type { RunningService, ServiceDefinition } from '@bookstore/service-kit';
import { waitUntilServing } from '../health.js';

/** On a machine that is busy with other tests a connection takes longer. The database answers all the same. */
export const BUSY_MACHINE = { DATABASE_ACQUIRE_TIMEOUT_MS: '5000' };

/**
 * Starts a service in this process, on free ports of the loopback: the graph that production runs, its remote edges
 * being where `env` says. Returns once it serves.
 */
export async function startTestService(
  definition: ServiceDefinition,
  env: Readonly<Record<string, string>>,
): Promise<RunningService> {
  // Tests that only call a service do not load the kit, which takes a second.
  const { startService } = await import('@bookstore/service-kit');
  const service = await startService(definition, testEnvironment(env));
  await waitUntilServing(`127.0.0.1:${service.publicPort}`, 60_000);
  return service;
}

/** The settings that every service under test has. */
export function testEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  return {
    LISTEN_HOST: '127.0.0.1',
    PUBLIC_PORT: '0',
    INTERNAL_PORT: '0',
    AUTH: 'off',
    LOG_LEVEL: 'error',
    READINESS_INTERVAL_MS: '50',
    // A test calls as fast as it can; whoever tests the limit sets it.
    RATE_LIMIT_PER_SECOND: '0',
    ...BUSY_MACHINE,
    ...env,
  };
}
