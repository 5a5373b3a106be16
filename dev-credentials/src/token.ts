import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { signingKeyFile } from './credential-files.js';
import { TokenKey } from './token-key.js';
import { parseTokenOptions, USAGE, UsageError } from './token-options.js';

/** `npm run -s token`: a token of the bookstore that `npm start -- --secure` runs; in a container, of that one. */

const sandbox = process.env.SANDBOX_DIR || fileURLToPath(new URL('../../.sandbox', import.meta.url));
const folder = process.env.CREDENTIALS_DIR || path.join(sandbox, 'certs');

function signingKey(): TokenKey {
  try {
    return TokenKey.from(JSON.parse(readFileSync(signingKeyFile(folder), 'utf8')));
  } catch {
    throw new UsageError('there is no key to sign with yet: npm start -- --secure makes it');
  }
}

try {
  const request = parseTokenOptions(process.argv.slice(2));
  console.log(request ? await signingKey().issue(request) : USAGE);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
