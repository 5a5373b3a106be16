import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { kitSettings, migrateSettings, type SettingsSchema } from '@bookstore/service-kit/settings';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { authorSettings } from '../../author-service/src/settings.js';
import { services } from '../../scripts/services.mjs';

const UPDATE =
  'The README differs from the settings; to write it: npx vitest run --update=true sandbox/test/settings-tables';
const kit: SettingsSchema['shape'] = kitSettings.shape;

/** What a service adds to the kit's settings, and the defaults that it sets. */
const ownSettings = ({ shape }: SettingsSchema) =>
  z.object(Object.fromEntries(Object.entries(shape).filter(([name, setting]) => setting !== kit[name])));

/** The settings of the kit whose default each service sets. */
const perService = Object.keys(ownSettings(authorSettings).shape).filter((name) => name in kit);

/** Of each service that has a README. */
const serviceTables = await Promise.all(
  services
    .filter(({ folder }) => existsSync(path.join(folder, 'README.md')))
    .map(async ({ name }): Promise<[string, Record<string, SettingsSchema>]> => {
      const [settings]: SettingsSchema[] = Object.values(await import(`@bookstore/${name}/settings`));
      return [name, { 'the service': ownSettings(settings as SettingsSchema) }];
    }),
);

test.each<[string, Record<string, SettingsSchema>]>([
  ['service-kit', { 'every service': kitSettings, 'the migration': migrateSettings }],
  ...serviceTables,
])('the README of the %s has the settings of the code', async (folder, tables) => {
  const file = fileURLToPath(new URL(`../../${folder}/README.md`, import.meta.url));
  await expect(withTables(readFileSync(file, 'utf8'), tables), UPDATE).toMatchFileSnapshot(file);
});

/** The text with the tables between their comments. */
function withTables(readme: string, tables: Record<string, SettingsSchema>): string {
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

function tableOf(settings: SettingsSchema): string {
  const { properties = {}, required } = z.toJSONSchema(settings, { unrepresentable: 'any' });
  const rows = Object.entries(properties as Record<string, z.core.JSONSchema.Schema>).map(([name, setting]) => {
    const missing = perService.includes(name) ? 'per service' : required?.includes(name) ? '**required**' : '–';
    const fallback = setting.default === undefined ? missing : `\`${setting.default}\``;
    return `| \`${name}\` | ${fallback} | ${setting.description?.replaceAll('|', '\\|')} |\n`;
  });
  return `| Name | Default | Meaning |\n|---|---|---|\n${rows.join('')}`;
}
