export const TOKEN_ISSUER = 'bookstore-sandbox';
export const TOKEN_AUDIENCE = 'bookstore';
export const SCOPES = ['authors:read', 'authors:write', 'books:read', 'books:write'] as const;

/** What a token says. */
export interface TokenRequest {
  /** Who it is for: a name that may stand in logs, so no e-mail address. */
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
}
