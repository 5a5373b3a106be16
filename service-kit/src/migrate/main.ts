// Brings a service's database up to date, then ends: node main.js [MIGRATIONS_DIR]
import { connectionString } from '../database/connection-string.js';
import { createLogger } from '../log/logger.js';
import { readSettings, SettingsError } from '../settings/setting.js';
import { migrate } from './migrate.js';
import { migrateSettings } from './migrate-settings.js';

let log = createLogger('migrate', { LOG_LEVEL: 'info', LOG_FORMAT: 'auto' });

function fail({ message, stack }: Error): never {
  log.error({}, message);
  log.debug({ stack }, 'where it failed');
  process.exit(1);
}

// At once, also within a migration: PostgreSQL rolls its transaction back.
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => fail(new Error(`stopped by ${signal}`)));

try {
  const env = process.argv[2] ? { ...process.env, MIGRATIONS_DIR: process.argv[2] } : process.env;
  const settings = readSettings(migrateSettings, env);
  log = createLogger('migrate', settings);
  const { MIGRATIONS_DIR: migrationsDir, MIGRATE_WAIT_MS: waitMs, SERVICE_ROLE: name } = settings;
  const { SERVICE_ROLE_PASSWORD: password } = settings;
  if (password && !name) throw new SettingsError(['SERVICE_ROLE is not set, yet SERVICE_ROLE_PASSWORD is']);
  const serviceRole = name ? { name, password } : undefined;
  await migrate({ url: connectionString(settings), migrationsDir, waitMs, serviceRole, log });
} catch (error) {
  fail(error as Error);
}
