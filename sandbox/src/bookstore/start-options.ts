import path from 'node:path';
import { parseArgs } from 'node:util';
import { services } from '../../../scripts/services.mjs';
import { requireUnused } from '../postgres/running-server.js';
import { root } from '../root.js';
import { SandboxError } from '../sandbox-error.js';
import { portFrom, requireFreePort } from './ports.js';

/** What a user of `npm start` and `npm run dev` can choose. */
export interface StartOptions {
  readonly dataDir: string;
  /** Each service's public port by its name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly secure: boolean;
}

/** SANDBOX_DIR, or `.sandbox` in the repository. */
export const dataDir = path.resolve(process.env.SANDBOX_DIR || path.join(root, '.sandbox'));

/**
 * From the command line and the environment: `--secure`, AUTHOR_PORT and BOOK_PORT, SANDBOX_DIR.
 *
 * @throws SandboxError that says what to change
 */
export async function startOptions(): Promise<StartOptions> {
  const { secure } = parseArgs({ options: { secure: { type: 'boolean', default: false } } }).values;
  // The second start in a folder also finds its ports taken; this says why.
  requireUnused(path.join(dataDir, 'postgres'));
  const chosen = services.map(({ name, port, portVariable }) => {
    return { name, variable: portVariable, port: portFrom(portVariable, port) };
  });
  if (new Set(chosen.map(({ port }) => port)).size < chosen.length) {
    const variables = chosen.map(({ variable }) => variable).join(' and ');
    throw new SandboxError(`two services cannot have the same port: set ${variables} to different ones`);
  }
  for (const { port, variable } of chosen) await requireFreePort(port, variable);
  return { dataDir, secure, ports: Object.fromEntries(chosen.map(({ name, port }) => [name, port])) };
}
