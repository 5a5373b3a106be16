import { SettingsError } from '../settings/setting.js';
import type { ServiceDefinition } from './service-definition.js';
import { type RunningService, startService } from './start-service.js';

/**
 * The process of a service: starts it, drains it at SIGTERM or SIGINT, and ends with status 0; with status 1 and one line
 * when it cannot start.
 */
export async function runService(definition: ServiceDefinition): Promise<void> {
  let service: RunningService | undefined;
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    // Before it has started there is nothing to drain; as a container's first process it has to handle the signal all the same.
    (service?.stop() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error) => fail(definition, error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // With an IPC channel, as the sandbox starts it: its end means that the parent is gone.
  if (process.connected) process.on('disconnect', stop);
  try {
    service = await startService(definition);
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
