import { metrics } from '@opentelemetry/api';
import { SCOPE } from './conventions.js';
import type { Figure } from './telemetry.js';

/** A gauge that asks the figure; it tells nothing while that cannot be read. */
export function observe({ name, unit, description, read }: Figure): void {
  metrics
    .getMeter(SCOPE)
    .createObservableGauge(name, { unit, description })
    .addCallback(async (result) => {
      try {
        await read((value, attributes) => result.observe(value, attributes));
      } catch {
        // A database that is away is told of by the health check.
      }
    });
}

/** Besides what OpenTelemetry's own instrumentation of Node tells: heap, garbage collection, event loop. */
export function observeProcess(): void {
  observe({
    name: 'process.memory.usage',
    unit: 'By',
    description: 'Memory of the process that is in use',
    read: (tell) => void tell(process.memoryUsage.rss()),
  });
}
