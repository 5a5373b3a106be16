import { connectionString } from '../migrate/migrate-settings.js';
import { optionalSetting, postgresUrl, readSettings, setting, text } from '../settings/setting.js';
import type { DatabaseUrls } from './fsck.js';

/** Where the check finds both databases, as a container. The services' own roles will do. */
export const fsckSettings = {
  AUTHOR_DATABASE_URL: setting('PostgreSQL of the author service', postgresUrl),
  AUTHOR_DATABASE_PASSWORD: optionalSetting('password of its role, instead of one in AUTHOR_DATABASE_URL', text),
  BOOK_DATABASE_URL: setting('PostgreSQL of the book service', postgresUrl),
  BOOK_DATABASE_PASSWORD: optionalSetting('password of its role, instead of one in BOOK_DATABASE_URL', text),
};

/** @throws SettingsError that names every bad variable and no value */
export function databaseUrlsFrom(env: NodeJS.ProcessEnv): DatabaseUrls {
  const settings = readSettings(fsckSettings, env);
  const url = (DATABASE_URL: string, DATABASE_PASSWORD: string | undefined) =>
    connectionString({ DATABASE_URL, DATABASE_PASSWORD });
  return {
    authors: url(settings.AUTHOR_DATABASE_URL, settings.AUTHOR_DATABASE_PASSWORD),
    books: url(settings.BOOK_DATABASE_URL, settings.BOOK_DATABASE_PASSWORD),
  };
}
