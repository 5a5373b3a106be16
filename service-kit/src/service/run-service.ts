import { SettingsError } from '../settings/setting.js';
import { keepShapeOfTicks } from './keep-shape-of-ticks.js';
import { letHeapGrow } from './let-heap-grow.js';
import type { ServiceDefinition } from './service-definition.js';
import { type RunningService, startService } from './start-service.js';

/**
 * The whole of a service's process: starts it, drains it at SIGTERM or SIGINT, and ends with status 0; with status 1 and
 * one line when it cannot start.
 */
export async function runService(definition: ServiceDefinition): Promise<void> {
  keepShapeOfTicks();
  letHeapGrow();
  let service: RunningService | undefined;
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    // Before it has started there is nothing to drain. Heard all the same: as a container's first process it would
    // otherwise be deaf to the signal.
    (service?.stop() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error) => fail(definition, error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Started with a channel, as the sandbox does: its end means that the parent is gone, however it went.
  if (process.connected) process.on('disconnect', stop);
  try {
    service = await startService(definition);
    // By its own channel: somebody else may answer on a port that this process could not have.
    process.send?.('listening');
  } catch (error) {
    fail(definition, error);
  }
}

function fail({ name }: ServiceDefinition, error: unknown): never {
  const { message, stack } = error as Error;
  console.error(`${name}: ${error instanceof SettingsError ? message : (stack ?? message)}`);
  process.exit(1);
}
