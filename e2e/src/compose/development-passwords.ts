import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../root.js';

/** The passwords that everybody knows, by the names of their files. */
export function developmentPasswords(): Record<string, string> {
  const folder = path.join(root, 'sandbox/dev-secrets');
  const names = readdirSync(folder).filter((name) => name.endsWith('-password'));
  if (names.length === 0) throw new Error(`no password is in ${folder}`);
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8').trim()]));
}
