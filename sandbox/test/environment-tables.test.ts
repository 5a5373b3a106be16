import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SettingTable } from '@bookstore/service-kit';
import { expect, test } from 'vitest';
import { authorSettings } from '../../author-service/src/settings.js';
import { bookSettings } from '../../book-service/src/settings.js';
import { migrateSettings } from '../../service-kit/src/settings/kit-settings.js';

const UPDATE = 'The README is not what the settings say; to write it: npx vitest run sandbox/test/environment -u';
const readmeOf = (service: string) => fileURLToPath(new URL(`../../${service}/README.md`, import.meta.url));

test.each([
  ['author-service', { service: authorSettings, migration: migrateSettings }],
  ['book-service', { service: bookSettings, migration: migrateSettings }],
])('the README of the %s has the environment as the code reads it', async (service, tables) => {
  const file = readmeOf(service);
  await expect(withTables(readFileSync(file, 'utf8'), tables), UPDATE).toMatchFileSnapshot(file);
});

/** The text, with a table between each pair of comments that asks for one. */
function withTables(readme: string, tables: Record<string, SettingTable>): string {
  let text = readme;
  for (const [name, settings] of Object.entries(tables)) {
    const begin = `<!-- settings of the ${name} -->\n`;
    const [before, rest = '', ...others] = text.split(begin);
    const end = rest.indexOf('<!-- end -->');
    if (end < 0 || others.length > 0) throw new Error(`the README does not have this once, and its end: ${begin}`);
    text = `${before}${begin}\n${tableOf(settings)}\n${rest.slice(end)}`;
  }
  return text;
}

function tableOf(settings: SettingTable): string {
  const rows = Object.entries(settings).map(([name, { description, defaultValue, optional }]) => {
    const fallback = defaultValue === undefined ? (optional ? '–' : '**required**') : `\`${defaultValue}\``;
    return `| \`${name}\` | ${fallback} | ${description.replaceAll('|', '\\|')} |\n`;
  });
  return `| Name | Default | Meaning |\n|---|---|---|\n${rows.join('')}`;
}
