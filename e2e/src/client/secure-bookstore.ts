import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import path from 'node:path';
import { caFile, SCOPES, signingKeyFile } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';
import { type OwnBookstore, startOwnBookstore } from './own-bookstore.js';

/** Both services with TLS and tokens, as `npm start -- --secure` runs them. */
export interface SecureBookstore extends OwnBookstore {
  readonly authorPort: number;
  readonly bookPort: number;
  readonly ca: Buffer;
  /** The value of an authorization header: a valid token. */
  authorization(scopes?: readonly string[], subject?: string): Promise<string>;
  session(port: number): ClientHttp2Session;
}

/** The value of an authorization header: a token of the signing key in this folder. */
export async function bearerToken(folder: string, scopes: readonly string[], subject = 'somebody'): Promise<string> {
  const key = TokenKey.from(JSON.parse(readFileSync(signingKeyFile(folder), 'utf8')));
  return `Bearer ${await key.issue({ subject, scopes, lifetimeSeconds: 600 })}`;
}

export async function startSecureBookstore(env: Readonly<Record<string, string>> = {}): Promise<SecureBookstore> {
  const own = await startOwnBookstore({ env, secure: true });
  const portOf = (address: string) => Number(address.split(':')[1]);
  const certs = path.join(own.dataDir, 'certs');
  const ca = readFileSync(caFile(certs));
  return {
    ...own,
    authorPort: portOf(own.authorAddress),
    bookPort: portOf(own.bookAddress),
    ca,
    authorization: (scopes = SCOPES, subject) => bearerToken(certs, scopes, subject),
    session: (port) => connect(`https://localhost:${port}`, { ca }),
  };
}
