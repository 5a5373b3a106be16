import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { services } from '../../../scripts/services.mjs';
import { requireUnused } from '../postgres/running-server.js';
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
export const dataDir = path.resolve(
  process.env.SANDBOX_DIR || fileURLToPath(new URL('../../../.sandbox', import.meta.url)),
);

/**
 * From the command line and the environment: `--secure`, AUTHOR_PORT and BOOK_PORT, SANDBOX_DIR.
 *
 * @param command as one types it, such as `npm start`
 * @throws SandboxError that says what to change
 */
export async function startOptions(command: string): Promise<StartOptions> {
  const secure = isSecure(command);
  // The second start in a folder also finds its ports taken; this says why.
  requireUnused(path.join(dataDir, 'postgres'));
  return { dataDir, secure, ports: await choosePorts() };
}

function isSecure(command: string): boolean {
  try {
    return parseArgs({ options: { secure: { type: 'boolean', default: false } } }).values.secure;
  } catch {
    throw new SandboxError(`takes --secure or nothing: ${command} -- --secure`);
  }
}

async function choosePorts(): Promise<Record<string, number>> {
  const chosen = services.map(({ name, port, portVariable }) => ({
    name,
    portVariable,
    port: portFrom(portVariable, port),
  }));
  for (const { port, portVariable } of chosen) {
    const other = chosen.find((each) => each.port === port && each.portVariable !== portVariable);
    if (other) {
      const variables = [portVariable, other.portVariable].join(' and ');
      throw new SandboxError(`two services cannot have port ${port}; set ${variables} to two ports`);
    }
    await requireFreePort(port, portVariable);
  }
  return Object.fromEntries(chosen.map(({ name, port }) => [name, port]));
}
