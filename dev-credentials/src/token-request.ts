export const TOKEN_ISSUER = 'bookstore-sandbox';
export const TOKEN_AUDIENCE = 'bookstore';
export const SCOPES = ['authors:read', 'authors:write', 'books:read', 'books:write'] as const;

/** The content of a token. */
export interface TokenRequest {
  /** The caller. It is logged, so it is no e-mail address. */
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
}
