import { caFile, serviceFile, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@bookstore/dev-credentials';
import { serviceNamed, services } from '../../../scripts/services.mjs';
import { freePort, portFrom } from './ports.js';
import type { ServiceProcessOptions } from './service-process.js';
import type { BookstoreOptions } from './start-bookstore.js';

/**
 * How each service is started, and finds its peers. In the order of the list of services.
 *
 * @param databases their URLs, by the service
 * @param certsDir certificates and keys, in secure mode
 */
export async function serviceOptions(
  { ports, env, onLog }: BookstoreOptions,
  databases: Readonly<Record<string, string>>,
  certsDir: string | undefined,
): Promise<readonly ServiceProcessOptions[]> {
  const internalPorts = await Promise.all(services.map(() => freePort()));
  const internalPort = (name: string) => internalPorts[services.indexOf(serviceNamed(name))] as number;
  const options = services.map(async ({ name, peers }, index) => {
    const addresses = peers.map((peer) => [serviceNamed(peer).addressVariable, `127.0.0.1:${internalPort(peer)}`]);
    // Their certificates are admitted on its internal port.
    const callers = services.filter((service) => service.peers.includes(name)).map((service) => service.name);
    return {
      name,
      publicPort: ports?.[name] ?? (await freePort()),
      internalPort: internalPort(name),
      inspectPort: process.env.INSPECT_PORT ? portFrom('INSPECT_PORT', 0) + index : undefined,
      caFile: certsDir && caFile(certsDir),
      onLog,
      env: {
        ...(certsDir ? secureSettings(certsDir, name) : { AUTH: 'off' }),
        ...(callers.length > 0 && { INTERNAL_PEER_NAMES: callers.join(',') }),
        DATABASE_URL: databases[name] ?? '',
        ...Object.fromEntries(addresses),
        ...env,
      },
    };
  });
  return Promise.all(options);
}

/** Tokens and TLS for callers, mutual TLS between the services. */
function secureSettings(certsDir: string, service: string): Record<string, string> {
  const file = (name: string) => serviceFile(certsDir, service, name);
  return {
    AUTH: 'jwt',
    JWT_JWKS_FILE: file('jwks.json'),
    JWT_ISSUER: TOKEN_ISSUER,
    JWT_AUDIENCE: TOKEN_AUDIENCE,
    TLS_CERT_FILE: file('tls.crt'),
    TLS_KEY_FILE: file('tls.key'),
    INTERNAL_TLS_CERT_FILE: file('internal.crt'),
    INTERNAL_TLS_KEY_FILE: file('internal.key'),
    INTERNAL_TLS_CA_FILE: file('ca.crt'),
  };
}
