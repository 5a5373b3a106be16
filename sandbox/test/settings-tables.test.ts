import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { kitSettings, migrateSettings, type SettingTable } from '@bookstore/service-kit/settings';
import { expect, test } from 'vitest';
import { authorSettings } from '../../author-service/src/settings.js';
import { bookSettings } from '../../book-service/src/settings.js';

const UPDATE = 'The README differs from the settings; to write it: npx vitest run sandbox/test/environment -u';
const kit: SettingTable = kitSettings;

/** What a service adds to the kit's settings, and the defaults that it sets. */
const ownSettings = (settings: SettingTable): SettingTable =>
  Object.fromEntries(Object.entries(settings).filter(([name, setting]) => setting !== kit[name]));

test.each<[string, Record<string, SettingTable>]>([
  ['service-kit', { 'every service': kitSettings, 'the migration': migrateSettings }],
  ['author-service', { 'the service': ownSettings(authorSettings) }],
  ['book-service', { 'the service': ownSettings(bookSettings) }],
])('the README of the %s has the settings of the code', async (folder, tables) => {
  const file = fileURLToPath(new URL(`../../${folder}/README.md`, import.meta.url));
  await expect(withTables(readFileSync(file, 'utf8'), tables), UPDATE).toMatchFileSnapshot(file);
});

/** The text with the tables between their comments. */
function withTables(readme: string, tables: Record<string, SettingTable>): string {
  let text = readme;
  for (const [name, settings] of Object.entries(tables)) {
    const begin = `<!-- settings of ${name} -->\n`;
    const [before, rest = '', ...others] = text.split(begin);
    const end = rest.indexOf('<!-- end -->');
    if (end < 0 || others.length > 0) throw new Error(`the README needs this once, with its end: ${begin}`);
    text = `${before}${begin}\n${tableOf(settings)}\n${rest.slice(end)}`;
  }
  return text;
}

function tableOf(settings: SettingTable): string {
  const rows = Object.entries(settings).map(([name, { description, defaultValue, optional }]) => {
    const perService = name in authorSettings && ownSettings(authorSettings)[name]?.defaultValue !== undefined;
    const required = perService ? 'per service' : '**required**';
    const fallback = defaultValue === undefined ? (optional ? '–' : required) : `\`${defaultValue}\``;
    return `| \`${name}\` | ${fallback} | ${description.replaceAll('|', '\\|')} |\n`;
  });
  return `| Name | Default | Meaning |\n|---|---|---|\n${rows.join('')}`;
}
