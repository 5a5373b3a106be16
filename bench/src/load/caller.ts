import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SCOPES, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@bookstore/dev-credentials';
import { TokenKey } from '@bookstore/dev-credentials/token-key';

const LIFETIME_S = 4 * 3600;

/** Whoever sends the load: a token, and the settings with which a service accepts it. */
export interface Caller extends Disposable {
  /** Sent to every contender, so that all get the same bytes. */
  readonly authorization: string;
  readonly settings: Readonly<Record<string, string>>;
}

export async function makeCaller(): Promise<Caller> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-bench-'));
  const keys = path.join(folder, 'jwks.json');
  const key = await TokenKey.create();
  writeFileSync(keys, JSON.stringify({ keys: [key.publicJwk] }));
  const token = await key.issue({ subject: 'bench', scopes: SCOPES, lifetimeSeconds: LIFETIME_S });
  return {
    authorization: `Bearer ${token}`,
    settings: { AUTH: 'jwt', JWT_JWKS_FILE: keys, JWT_ISSUER: TOKEN_ISSUER, JWT_AUDIENCE: TOKEN_AUDIENCE },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
