import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { caFile, SCOPES, signingKeyFile } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';
import { portFrom } from '../bookstore/ports.js';
import { dataDir } from '../bookstore/start-options.js';
import { waitUntilServing } from '../health.js';
import { SandboxError } from '../sandbox-error.js';

/** What takes a caller into a closed bookstore. */
export interface Access {
  readonly caFile: string;
  readonly token: string;
}

export interface FoundBookstore {
  readonly authorAddress: string;
  readonly bookAddress: string;
  /** Absent where everybody may call. */
  readonly access?: Access;
}

/** A bookstore that runs answers at once; one that has just been started gets a moment. */
const FOUND_WITHIN_MS = 5_000;
/** The most that a token of the sandbox lasts: its holder cannot renew it. */
const TOKEN_SECONDS = 24 * 3600;

/**
 * The bookstore at AUTHOR_PORT and BOOK_PORT: open, or closed by `npm start -- --secure`.
 *
 * @throws SandboxError when there is none
 */
export async function findBookstore(signal: AbortSignal): Promise<FoundBookstore> {
  const ports = [portFrom('AUTHOR_PORT', 50051), portFrom('BOOK_PORT', 50052)];
  const certs = path.join(dataDir, 'certs');
  const at = (host: string) => ({ authorAddress: `${host}:${ports[0]}`, bookAddress: `${host}:${ports[1]}` });
  const serves = (ca?: string) =>
    Promise.all(ports.map((port) => waitUntilServing(`127.0.0.1:${port}`, FOUND_WITHIN_MS, signal, ca)));
  const open = async () => {
    await serves();
    return at('127.0.0.1');
  };
  const closed = async () => {
    await serves(caFile(certs));
    return { ...at('localhost'), access: { caFile: caFile(certs), token: await makeToken(certs) } };
  };
  try {
    return await Promise.any([open(), ...(existsSync(caFile(certs)) ? [closed()] : [])]);
  } catch (cause) {
    const { authorAddress, bookAddress } = at('127.0.0.1');
    throw new SandboxError(
      `no bookstore answers at ${authorAddress} and ${bookAddress}: start it with npm start or docker compose up --wait; one that compose.secure.yaml has closed has pages of its own (README.md)`,
      { cause },
    );
  }
}

async function makeToken(certs: string): Promise<string> {
  const key = TokenKey.from(JSON.parse(readFileSync(signingKeyFile(certs), 'utf8')));
  return key.issue({ subject: 'grpcui', scopes: SCOPES, lifetimeSeconds: TOKEN_SECONDS });
}
