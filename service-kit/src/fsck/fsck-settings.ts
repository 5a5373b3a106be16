import { connectionString } from '../migrate/migrate-settings.js';
import {
  integer,
  optionalSetting,
  postgresUrl,
  readSettings,
  type Settings,
  setting,
  text,
} from '../settings/setting.js';
import { LONGEST_STATEMENT_MS } from '../settings/timers.js';
import type { DatabaseUrls } from './fsck.js';

/** How long the check waits, wherever it finds the databases. */
export const fsckLimits = {
  FSCK_CONNECT_TIMEOUT_MS: setting('longest wait for the connection to each database, ms', integer(1), '5000'),
  FSCK_QUERY_TIMEOUT_MS: setting(
    'longest a statement may run, ms; a batch takes milliseconds, a frozen database never answers',
    integer(1, LONGEST_STATEMENT_MS),
    '10000',
  ),
  FSCK_SETTLE_MS: setting(
    'time for the author service to settle a deletion before it counts as overdue, ms; a few of its DELETE_RECOVERY_INTERVAL_MS',
    integer(0),
    '3000',
  ),
};

export type FsckLimits = Settings<typeof fsckLimits>;

/** What the check can be told as a container: where both databases are, too. The services' own roles will do. */
export const fsckSettings = {
  AUTHOR_DATABASE_URL: setting('PostgreSQL of the author service', postgresUrl),
  AUTHOR_DATABASE_PASSWORD: optionalSetting('password of its role, instead of one in AUTHOR_DATABASE_URL', text),
  BOOK_DATABASE_URL: setting('PostgreSQL of the book service', postgresUrl),
  BOOK_DATABASE_PASSWORD: optionalSetting('password of its role, instead of one in BOOK_DATABASE_URL', text),
  ...fsckLimits,
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
