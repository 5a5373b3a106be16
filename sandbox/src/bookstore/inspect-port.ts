import type { Service } from '../../../scripts/services.mjs';
import { portFrom } from './ports.js';

/** The port of this machine's loopback that a debugger of the service attaches to, where one is asked for. */
export function inspectPort({ inspectPortVariable: variable }: Service): number | undefined {
  return process.env[variable] ? portFrom(variable, 0) : undefined;
}
