import { expect, test } from 'vitest';
import { authorSettings } from '../../author-service/src/settings.js';
import { bookSettings } from '../../book-service/src/settings.js';
import { shellVariables } from '../src/bookstore/shell-variables.js';

const DECIDED_HERE = [
  ...['LISTEN_HOST', 'PUBLIC_PORT', 'INTERNAL_PORT', 'AUTH', 'INTERNAL_PEER_NAMES'],
  ...['JWT_JWKS_FILE', 'JWT_JWKS_URL', 'JWT_ISSUER', 'JWT_AUDIENCE', 'TLS_CERT_FILE', 'TLS_KEY_FILE'],
  ...['INTERNAL_TLS_CERT_FILE', 'INTERNAL_TLS_KEY_FILE', 'INTERNAL_TLS_CA_FILE', 'DATABASE_URL', 'DATABASE_PASSWORD'],
];

test.each([
  ['author-service', authorSettings, 'BOOK_SERVICE_ADDRESS'],
  ['book-service', bookSettings, 'AUTHOR_SERVICE_ADDRESS'],
] as const)('the %s gets settings of the shell, but not how and to what it connects', (_, table, peer) => {
  const withFiles = (names: string[]) => names.flatMap((name) => [name, `${name}_FILE`]).sort();
  const names = Object.keys(table.shape);
  const shell = Object.fromEntries(withFiles(names).map((name) => [name, 'x']));
  const passed = shellVariables({ [peer]: 'here' }, { ...shell, PATH: '/bin' });
  expect(Object.keys(passed).sort()).toEqual(
    [...withFiles(names.filter((name) => name !== peer && !DECIDED_HERE.includes(name))), 'PATH'].sort(),
  );
});
