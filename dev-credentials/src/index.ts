// What takes long to load has entries of its own: certificate-authority and token-key.
export { caFile, serviceFile, signingKeyFile } from './credential-files.js';
export { makeCredentials } from './make-credentials.js';
export { makePasswords } from './make-passwords.js';
export { SCOPES, TOKEN_AUDIENCE, TOKEN_ISSUER, type TokenRequest } from './token-request.js';
