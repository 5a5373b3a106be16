import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { composeForKompose } from '../src/kubernetes/kompose.js';

interface ComposeService {
  user?: string;
  cap_drop?: string[];
  restart?: string;
}

const composeText = readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8');
const withCache = (settings: string) => composeText.replace(/^services:$/m, `services:\n  cache: { ${settings} }`);

test('the namespace would not refuse the pod of any container that is exported, and none runs once', () => {
  const exported = Object.entries<ComposeService>(parse(composeForKompose()).services);
  for (const [name, { user, cap_drop, restart }] of exported) {
    expect(user, name).toMatch(/^[1-9]\d*(:|$)/);
    expect(cap_drop, name).toEqual(['ALL']);
    expect(restart, name).toMatch(/^(always|unless-stopped)$/);
  }
});

test('containers with the label bookstore.kubernetes: "no", and those of profiles, are left out', () => {
  const text = composeForKompose(withCache('labels: { bookstore.kubernetes: "no" }'));
  for (const name of ['cache', 'dev-secrets', 'viewer']) expect(text).not.toMatch(new RegExp(`^  ${name}:`, 'm'));
});

test('a service of package.json that compose.yaml lacks is named', () => {
  expect(() => composeForKompose(composeText.replace(/^ {2}book-service:$/m, '  another:'))).toThrow(
    'compose.yaml needs book-service, book-migrate, book-db',
  );
});
