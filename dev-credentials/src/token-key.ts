import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { TOKEN_AUDIENCE, TOKEN_ISSUER, type TokenRequest } from './token-request.js';

const ALGORITHM = 'ES256';

/** The key that signs the sandbox's tokens. Services have its public half alone. */
export class TokenKey {
  private constructor(
    /** With the private half: for the issuer's own file. */
    readonly jwk: JWK,
  ) {}

  static async create(): Promise<TokenKey> {
    const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
    const jwk = await exportJWK(privateKey);
    return new TokenKey({ ...jwk, alg: ALGORITHM, use: 'sig', kid: await calculateJwkThumbprint(jwk) });
  }

  static from(jwk: JWK): TokenKey {
    return new TokenKey(jwk);
  }

  /** The public half, as a service wants it (RFC 7517). */
  get publicJwk(): JWK {
    const { d: _secret, ...rest } = this.jwk;
    return rest;
  }

  /** A signed access token (RFC 9068). */
  async issue({ subject, scopes, lifetimeSeconds }: TokenRequest): Promise<string> {
    return new SignJWT({ scope: scopes.join(' ') })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: this.jwk.kid as string })
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_AUDIENCE)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds}s`)
      .setJti(crypto.randomUUID())
      .sign(await importJWK(this.jwk, ALGORITHM));
  }
}
