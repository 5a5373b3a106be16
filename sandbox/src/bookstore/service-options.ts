import { caFile, serviceFile, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@bookstore/dev-credentials';
import { serviceNamed, services } from '../../../scripts/services.mjs';
import type { ServiceDatabase } from './databases.js';
import { freePort, portFrom } from './ports.js';
import type { ServiceProcessOptions } from './service-process.js';
import { settingsForService } from './shell-variables.js';
import type { BookstoreOptions } from './start-bookstore.js';

/** What the services run on. */
export interface Infrastructure {
  readonly databases: ReadonlyMap<string, ServiceDatabase>;
  /** Certificates and keys, in secure mode. */
  readonly certsDir: string | undefined;
}

/** How each service is started, and finds its peers. In the order of the list of services. */
export async function serviceOptions(
  { databases, certsDir }: Infrastructure,
  options: BookstoreOptions,
): Promise<readonly ServiceProcessOptions[]> {
  const internalPorts = new Map<string, number>();
  for (const { name } of services) internalPorts.set(name, await freePort());
  return Promise.all(
    services.map(async ({ name, peers, inspectPortVariable }, index) => {
      const addresses = peers.map((peer) => [
        serviceNamed(peer).addressVariable,
        `127.0.0.1:${internalPorts.get(peer)}`,
      ]);
      const own = {
        ...(certsDir ? secureSettings(certsDir, name) : { AUTH: 'off' }),
        ...callersOf(name),
        DATABASE_URL: databases.get(name)?.url ?? '',
        ...Object.fromEntries(addresses),
        ...options.env,
      };
      return {
        name,
        publicPort: options.ports?.[name] ?? (await freePort()),
        internalPort: internalPorts.get(name) as number,
        inspectPort: inspectPort(inspectPortVariable, index),
        caFile: certsDir && caFile(certsDir),
        onLog: options.onLog,
        env: { ...(await settingsForService(name, own)), ...own },
      };
    }),
  );
}

/** Its own variable's, or with INSPECT_PORT that port for the first service, the next port for the next one. */
function inspectPort(variable: string, index: number): number | undefined {
  if (process.env[variable]) return portFrom(variable, 0);
  return process.env.INSPECT_PORT ? portFrom('INSPECT_PORT', 0) + index : undefined;
}

/** The certificates that its internal port admits. */
function callersOf(service: string): Record<string, string> {
  const callers = services.filter(({ peers }) => peers.includes(service)).map(({ name }) => name);
  return callers.length > 0 ? { INTERNAL_PEER_NAMES: callers.join(',') } : {};
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
