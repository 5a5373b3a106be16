export { CertificateAuthority, type Holder, type KeyPair } from './certificate-authority.js';
export { caFile, serviceFile, signingKeyFile } from './credential-files.js';
export { makeCredentials } from './make-credentials.js';
export { makePasswords } from './make-passwords.js';
export { SCOPES, TOKEN_AUDIENCE, TOKEN_ISSUER, TokenKey, type TokenRequest } from './token-key.js';
