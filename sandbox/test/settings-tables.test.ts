import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { kitSettings, migrateSettings, type SettingTable } from '@bookstore/service-kit/settings';
import { expect, test } from 'vitest';
import { authorSettings } from '../../author-service/src/settings.js';
import { services } from '../../scripts/services.mjs';

const UPDATE = 'The README differs from the settings; to write it: npx vitest run sandbox/test/environment -u';
const kit: SettingTable = kitSettings;

/** What a service adds to the kit's settings, and the defaults that it sets. */
const ownSettings = (settings: SettingTable): SettingTable =>
  Object.fromEntries(Object.entries(settings).filter(([name, setting]) => setting !== kit[name]));

/** Of each service that has a README. */
const serviceTables = await Promise.all(
  services
    .filter(({ folder }) => existsSync(path.join(folder, 'README.md')))
    .map(async ({ name }): Promise<[string, Record<string, SettingTable>]> => {
      const [settings]: SettingTable[] = Object.values(await import(`@bookstore/${name}/settings`));
      return [name, { 'the service': ownSettings(settings as SettingTable) }];
    }),
);

test.each<[string, Record<string, SettingTable>]>([
  ['service-kit', { 'every service': kitSettings, 'the migration': migrateSettings }],
  ...serviceTables,
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
