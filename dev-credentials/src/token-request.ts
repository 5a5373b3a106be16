export const TOKEN_ISSUER = 'bookstore-sandbox';
export const TOKEN_AUDIENCE = 'bookstore';
const RESOURCES = ['authors', 'books'];
/** What a token may allow: the @Scopes of each service. */
export const SCOPES: readonly string[] = RESOURCES.flatMap((name) => [`${name}:read`, `${name}:write`]);

/** The content of a token. */
export interface TokenRequest {
  /** The caller. It is logged, so it is no e-mail address. */
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
}
