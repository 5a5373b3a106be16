import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { portFrom, requireFreePort } from './ports.js';

/** What whoever starts the bookstore on this machine can choose. */
export interface StartOptions {
  readonly dataDir: string;
  readonly authorPort: number;
  readonly bookPort: number;
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
 * @throws SandboxError that says what cannot be
 */
export async function startOptions(command: string): Promise<StartOptions> {
  return { dataDir, secure: isSecure(command), ...(await choosePorts()) };
}

function isSecure(command: string): boolean {
  try {
    return parseArgs({ options: { secure: { type: 'boolean', default: false } } }).values.secure;
  } catch {
    throw new SandboxError(`takes --secure or nothing: ${command} -- --secure`);
  }
}

async function choosePorts() {
  const [authorPort, bookPort] = [portFrom('AUTHOR_PORT', 50051), portFrom('BOOK_PORT', 50052)];
  if (authorPort === bookPort) {
    throw new SandboxError(`both services cannot have port ${bookPort}; set AUTHOR_PORT and BOOK_PORT to two ports`);
  }
  await requireFreePort(authorPort, 'AUTHOR_PORT');
  await requireFreePort(bookPort, 'BOOK_PORT');
  return { authorPort, bookPort };
}
