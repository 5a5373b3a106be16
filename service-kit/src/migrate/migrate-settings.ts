import { z } from 'zod';
import { kitSettings } from '../settings/kit-settings.js';
import { integer, optionalSetting, postgresUrl, setting, text } from '../settings/setting.js';

const roleName = z
  .string()
  .regex(/^[A-Za-z_][\w-]{0,62}$/, 'must be a role name: letters, digits, _ and -, at most 63');
// Clients normalise other characters in different ways before they hash them.
const rolePassword = z.string().regex(/^[ -~]+$/, 'must be printable ASCII');

/** The settings of the migration. A secret may come as a file: DATABASE_PASSWORD_FILE, SERVICE_ROLE_PASSWORD_FILE. */
export const migrateSettings = {
  DATABASE_URL: setting('PostgreSQL to migrate, as the role that owns it', postgresUrl),
  DATABASE_PASSWORD: optionalSetting('password of that role, instead of one in DATABASE_URL', text),
  MIGRATIONS_DIR: setting('folder of the migrations; the first argument says it too', text),
  SERVICE_ROLE: optionalSetting('role the service logs in as; created if it is missing', roleName),
  SERVICE_ROLE_PASSWORD: optionalSetting('password to give that role', rolePassword),
  MIGRATE_WAIT_MS: setting('longest wait for the database, and for another migration, ms', integer(0), '60000'),
  LOG_LEVEL: kitSettings.LOG_LEVEL,
  LOG_FORMAT: kitSettings.LOG_FORMAT,
};
