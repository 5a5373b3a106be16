import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { signingKeyFile } from './credential-files.js';
import { TokenKey } from './token-key.js';
import { SCOPES, type TokenRequest } from './token-request.js';

/** `npm run -s token`: a token for the bookstore that `npm start -- --secure` runs; in a container, for that one. */

const USAGE = `Usage: npm run -s token -- [options]

Prints a token for the secured bookstore, and nothing else.

  --scope <scopes>   what it allows (default: "${SCOPES.join(' ')}")
  --ttl <time>       how long it is valid, such as 90s, 30m, 1h; at most 24h (default: 1h)
  --subject <name>   the caller's name in the services' logs (default: developer)
  --help             this text`;

/** A mistake in the command line; the message is one line. */
class UsageError extends Error {
  override name = 'UsageError';
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600 } as const;
const MAX_SECONDS = 24 * 3600;

/** undefined for --help. */
function tokenRequest(): TokenRequest | undefined {
  const { scope, ttl, subject, help } = parseFlags();
  if (help) return undefined;
  return { scopes: scopes(scope), lifetimeSeconds: seconds(ttl), subject: subjectName(subject) };
}

function parseFlags() {
  // npm takes the options for its own where the -- before them is forgotten, and PowerShell removes the --. Ignored, they
  // would give a token for everything.
  const { npm_config_scope = '', npm_config_ttl = '1h', npm_config_subject = 'developer' } = process.env;
  const scope = npm_config_scope.includes(':') ? npm_config_scope : SCOPES.join(' ');
  // npm takes the option, and leaves its value.
  if (npm_config_ttl === 'true' || npm_config_subject === 'true')
    throw new UsageError('npm took the options: put -- before them, or write --ttl=30m');
  try {
    return parseArgs({
      options: {
        scope: { type: 'string', default: scope },
        ttl: { type: 'string', default: npm_config_ttl },
        subject: { type: 'string', default: npm_config_subject },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}

function scopes(text: string): string[] {
  const names = text.split(/\s+/).filter(Boolean);
  const unknown = names.find((name) => !SCOPES.includes(name));
  if (unknown !== undefined) throw new UsageError(`no scope is called '${unknown}'; there are ${SCOPES.join(', ')}`);
  return names;
}

function seconds(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const result = Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  if (!(result >= 1 && result <= MAX_SECONDS))
    throw new UsageError('--ttl takes a time such as 90s, 30m or 1h, up to 24h');
  return result;
}

function subjectName(text: string): string {
  if (!/^[\w.:-]{1,255}$/.test(text)) throw new UsageError('--subject takes letters, digits and . _ : -');
  return text;
}

function signingKey(): TokenKey {
  const sandbox = process.env.SANDBOX_DIR || fileURLToPath(new URL('../../.sandbox', import.meta.url));
  const folder = process.env.CREDENTIALS_DIR || path.join(sandbox, 'certs');
  try {
    return TokenKey.from(JSON.parse(readFileSync(signingKeyFile(folder), 'utf8')));
  } catch {
    throw new UsageError(`there is no key that signs tokens in ${folder}: npm start -- --secure makes it`);
  }
}

try {
  const request = tokenRequest();
  console.log(request ? await signingKey().issue(request) : USAGE);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
