import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BookstoreRun, type Contender, type Databases, startBookstore } from './contenders.js';

/** The bookstore with telemetry on, as it is set up when nobody says more; a collector takes what it sends, and drops it. */
export async function startBookstoreWithTelemetry(run: BookstoreRun, databases: Databases): Promise<Contender> {
  const collector = createServer((request, response) => request.resume().on('end', () => response.end()));
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  const nodeOptions = ['--import', import.meta.resolve('@bookstore/service-kit/telemetry'), ...run.nodeOptions];
  const settings = { ...run.settings, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  const contender = await startBookstore('telemetry', { ...run, nodeOptions, settings }, databases);
  return {
    ...contender,
    stop: async () => {
      await contender.stop();
      collector.close();
      collector.closeAllConnections();
    },
  };
}
