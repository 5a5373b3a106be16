import { serviceFile, TOKEN_AUDIENCE, TOKEN_ISSUER } from '@bookstore/dev-credentials';

/** The settings that close a service: tokens, TLS, and mutual TLS, with what is in a folder of credentials. */
export function secureEnvironment(folder: string, service: string): Record<string, string> {
  const file = (name: string) => serviceFile(folder, service, name);
  return {
    AUTH: 'jwt',
    JWT_JWKS_FILE: file('jwks.json'),
    JWT_ISSUER: TOKEN_ISSUER,
    JWT_AUDIENCE: TOKEN_AUDIENCE,
    TLS_CERT_FILE: file('tls.crt'),
    TLS_KEY_FILE: file('tls.key'),
    INTERNAL_TLS_CERT_FILE: file('internal.crt'),
    INTERNAL_TLS_KEY_FILE: file('internal.key'),
    INTERNAL_TLS_CA_FILE: file('ca.crt'),
  };
}
