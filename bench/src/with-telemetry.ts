import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Contender, type Databases, repository, startBookstoreIn } from './contenders.js';

/** The bookstore with telemetry on, as it is set up when nobody says more; a collector takes what it sends, and drops it. */
export async function startBookstoreWithTelemetry(
  databases: Databases,
  nodeOptions: readonly string[],
): Promise<Contender> {
  const collector = createServer((request, response) => request.resume().on('end', () => response.end()));
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  const options = ['--import', import.meta.resolve('@bookstore/service-kit/telemetry'), ...nodeOptions];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
  const contender = await startBookstoreIn(repository, 'telemetry', databases, options, env);
  return {
    ...contender,
    stop: async () => {
      await contender.stop();
      collector.close();
      collector.closeAllConnections();
    },
  };
}
