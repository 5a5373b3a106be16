import { portFrom } from './ports.js';
import type { ServiceName } from './service-process.js';

const VARIABLES: Record<ServiceName, string> = {
  'author-service': 'AUTHOR_INSPECT_PORT',
  'book-service': 'BOOK_INSPECT_PORT',
};

/** The port of this machine's loopback that a debugger of the service attaches to, where one is asked for. */
export function inspectPort(service: ServiceName): number | undefined {
  const variable = VARIABLES[service];
  return process.env[variable] ? portFrom(variable, 0) : undefined;
}
