import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { composeForKompose } from '../src/kubernetes/kompose.js';
import { currentLock, drift, readLock } from '../src/kubernetes/lock.js';

test('the committed manifests are the exported ones', () => {
  expect(drift(readLock(), currentLock())).toEqual([]);
});

test.each(['kompose', 'compose.yaml', 'patches', 'passwords', 'manifests'] as const)(
  'a change of %s is named',
  (part) => {
    const lock = readLock();
    expect(drift(lock, { ...lock, [part]: 'another' })).toEqual([`${part} changed since the export`]);
  },
);

const composeText = readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8');
const withCache = (settings: string) => composeText.replace(/^services:$/m, `services:\n  cache: { ${settings} }`);

test.each([
  ['image: "redis:8"', 'cache needs user: a number other than 0, cap_drop: [ALL] in compose.yaml'],
  ['user: "0:0", cap_drop: [ALL]', 'cache needs user: a number other than 0 in compose.yaml'],
  ['user: "999", cap_drop: [ALL], restart: "no"', 'cache runs once: leave it out'],
])('a container with %s is refused, since the namespace would refuse its pods', (settings, message) => {
  expect(() => composeForKompose(withCache(settings))).toThrow(message);
});

test('containers with the label bookstore.kubernetes: "no", and those of profiles, are left out', () => {
  const text = composeForKompose(withCache('labels: { bookstore.kubernetes: "no" }'));
  for (const name of ['cache', 'dev-secrets', 'viewer']) expect(text).not.toMatch(new RegExp(`^  ${name}:`, 'm'));
});

test('a service of package.json that compose.yaml lacks is named', () => {
  expect(() => composeForKompose(composeText.replace(/^ {2}book-service:$/m, '  another:'))).toThrow(
    'compose.yaml needs book-service, book-migrate and book-db',
  );
});
