import { SettingsError } from '../settings/kit-settings.js';
import type { ServiceDefinition } from './service-definition.js';
import { type RunningService, startService } from './start-service.js';

/** The process of a service: starts it, and drains it at SIGTERM or SIGINT. Where it cannot start, the status is 1. */
export async function runService(definition: ServiceDefinition): Promise<void> {
  const fail = (error: Error) => {
    console.error(`${definition.name}: ${error instanceof SettingsError ? error.message : error.stack}`);
    process.exit(1);
  };
  let service: RunningService | undefined;
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await service?.stop().catch(fail);
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The parent process that started it by an IPC channel has ended.
  if (process.connected) process.on('disconnect', stop);
  try {
    service = await startService(definition);
    process.send?.('listening');
  } catch (error) {
    fail(error as Error);
  }
}
