import { caFile } from '@bookstore/dev-credentials';
import { secureEnvironment } from '../secure/secure-environment.js';
import type { Foundation } from './foundation.js';
import { inspectPort } from './inspect-port.js';
import { freePort } from './ports.js';
import type { ServiceName, ServiceProcessOptions } from './service-process.js';
import { settingsForService } from './shell-variables.js';
import type { BookstoreOptions } from './start-bookstore.js';

/** How each service is started on a foundation, and finds the other one. */
export async function serviceOptions(
  { databases, certsDir }: Foundation,
  options: BookstoreOptions,
): Promise<Readonly<Record<ServiceName, ServiceProcessOptions>>> {
  const internalPorts = { 'author-service': await freePort(), 'book-service': await freePort() };
  const common = (name: ServiceName) => ({
    name,
    internalPort: internalPorts[name],
    inspectPort: inspectPort(name),
    caFile: certsDir && caFile(certsDir),
    onLog: options.onLog,
  });
  const environment = async (name: ServiceName, peer: Readonly<Record<string, string>>) => {
    const own = {
      ...(certsDir ? secureEnvironment(certsDir, name) : { AUTH: 'off' }),
      DATABASE_URL: databases[name].url,
      ...peer,
      ...options.env,
    };
    return { ...(await settingsForService(name, own)), ...own };
  };
  return {
    'author-service': {
      ...common('author-service'),
      publicPort: options.authorPort,
      env: await environment('author-service', {
        BOOK_SERVICE_ADDRESS: `127.0.0.1:${internalPorts['book-service']}`,
      }),
    },
    'book-service': {
      ...common('book-service'),
      publicPort: options.bookPort,
      env: await environment('book-service', {
        AUTHOR_SERVICE_ADDRESS: `127.0.0.1:${internalPorts['author-service']}`,
      }),
    },
  };
}
