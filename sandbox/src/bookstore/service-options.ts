import { caFile } from '@bookstore/dev-credentials';
import { type Service, serviceNamed, services } from '../../../scripts/services.mjs';
import { secureEnvironment } from '../secure/secure-environment.js';
import type { Foundation } from './foundation.js';
import { inspectPort } from './inspect-port.js';
import { freePort } from './ports.js';
import type { ServiceProcessOptions } from './service-process.js';
import { settingsForService } from './shell-variables.js';
import type { BookstoreOptions } from './start-bookstore.js';

/** How each service is started on a foundation, and finds its peers. In the order of the list of services. */
export async function serviceOptions(
  { databases, certsDir }: Foundation,
  options: BookstoreOptions,
): Promise<readonly ServiceProcessOptions[]> {
  const internalPorts = new Map<string, number>();
  for (const { name } of services) internalPorts.set(name, await freePort());
  return Promise.all(
    services.map(async (service: Service) => {
      const { name, peers } = service;
      const addresses = peers.map((peer) => [
        serviceNamed(peer).addressVariable,
        `127.0.0.1:${internalPorts.get(peer)}`,
      ]);
      const own = {
        ...(certsDir ? secureEnvironment(certsDir, name) : { AUTH: 'off' }),
        DATABASE_URL: databases.get(name)?.url ?? '',
        ...Object.fromEntries(addresses),
        ...options.env,
      };
      return {
        name,
        publicPort: options.ports?.[name] ?? (await freePort()),
        internalPort: internalPorts.get(name) as number,
        inspectPort: inspectPort(service),
        caFile: certsDir && caFile(certsDir),
        onLog: options.onLog,
        env: { ...(await settingsForService(name, own)), ...own },
      };
    }),
  );
}
