import { z } from 'zod';
import { kitSettings } from '../settings/kit-settings.js';
import {
  integer,
  optionalSetting,
  postgresUrl,
  readSettings,
  type Settings,
  SettingsError,
  setting,
  text,
} from '../settings/setting.js';

const roleName = z
  .string()
  .regex(/^[A-Za-z_][\w-]{0,62}$/, 'must be a role name: letters, digits, _ and -, at most 63');
// Clients differ in how they normalise anything beyond ASCII before hashing it: such a password fits one and not the next.
const rolePassword = z.string().regex(/^[ -~]+$/, 'must be printable ASCII');

/** What the migration can be told. A secret may come as a file: DATABASE_PASSWORD_FILE, SERVICE_ROLE_PASSWORD_FILE. */
export const migrateSettings = {
  DATABASE_URL: setting('PostgreSQL to migrate, as the role that owns it', postgresUrl),
  DATABASE_PASSWORD: optionalSetting('password of that role, instead of one in DATABASE_URL', text),
  MIGRATIONS_DIR: setting('folder of the migrations; the first argument says it too', text),
  SERVICE_ROLE: optionalSetting('role the service logs in as; made where it is missing', roleName),
  SERVICE_ROLE_PASSWORD: optionalSetting('password to give that role', rolePassword),
  SERVICE_ROLE_STATEMENT_TIMEOUT_MS: setting(
    'statement_timeout to give that role, for sessions that set none of their own, ms',
    integer(1),
    '2000',
  ),
  SERVICE_ROLE_IDLE_TRANSACTION_TIMEOUT_MS: setting(
    'idle_in_transaction_session_timeout to give that role, ms',
    integer(1),
    '10000',
  ),
  MIGRATE_WAIT_MS: setting('longest wait for the database, and for a migration under way, ms', integer(0), '60000'),
  MIGRATE_CONNECT_TIMEOUT_MS: setting('longest that one try to connect may take, ms', integer(1), '5000'),
  MIGRATE_FIRST_BACKOFF_MS: setting(
    'longest wait before the next try to connect, or to be the only migration; doubled each time, ms',
    integer(1),
    '100',
  ),
  MIGRATE_LONGEST_BACKOFF_MS: setting('longest that this wait becomes, ms', integer(1), '1000'),
  MIGRATE_REFUSAL_GRACE_MS: setting(
    'longest that a refusal (password, role, database) is taken for a database that is just being set up, ms',
    integer(0),
    '5000',
  ),
  LOG_LEVEL: kitSettings.LOG_LEVEL,
  LOG_FORMAT: kitSettings.LOG_FORMAT,
};

export type MigrateSettings = Settings<typeof migrateSettings>;

/** @throws SettingsError that names every bad variable and no value */
export function readMigrateSettings(env: NodeJS.ProcessEnv, migrationsDir: string | undefined): MigrateSettings {
  const settings = readSettings(migrateSettings, migrationsDir ? { ...env, MIGRATIONS_DIR: migrationsDir } : env);
  if (settings.SERVICE_ROLE_PASSWORD !== undefined && settings.SERVICE_ROLE === undefined) {
    throw new SettingsError(['SERVICE_ROLE is not set, yet SERVICE_ROLE_PASSWORD is']);
  }
  return settings;
}

/** DATABASE_URL with DATABASE_PASSWORD in place of its own. As a parameter it also fits the URL of a Unix socket. */
export function connectionString(settings: Pick<MigrateSettings, 'DATABASE_URL' | 'DATABASE_PASSWORD'>): string {
  if (settings.DATABASE_PASSWORD === undefined) return settings.DATABASE_URL;
  const url = new URL(settings.DATABASE_URL);
  url.searchParams.set('password', settings.DATABASE_PASSWORD);
  return url.href;
}
