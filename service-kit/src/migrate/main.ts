// Brings a service's database up to date: node main.js MIGRATIONS_DIR
import { connectionString } from '../database/database.js';
import { createLogger } from '../log/logger.js';
import { migrateSettings, readSettings, SettingsError } from '../settings/kit-settings.js';
import { migrate } from './migrate.js';

let logger = createLogger('migrate', 'info');

function fail({ message, stack }: Error): never {
  logger.error(message);
  logger.debug({ stack }, 'where it failed');
  process.exit(1);
}

// Also within a migration: PostgreSQL rolls its transaction back.
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => fail(new Error(`stopped by ${signal}`)));

try {
  const [, , migrationsDir] = process.argv;
  const settings = readSettings(migrateSettings);
  logger = createLogger('migrate', settings.LOG_LEVEL);
  const { SERVICE_ROLE: name, SERVICE_ROLE_PASSWORD: password } = settings;
  if (!migrationsDir) throw new SettingsError(['the folder of the migrations is missing: node main.js MIGRATIONS_DIR']);
  if (password && !name) throw new SettingsError(['SERVICE_ROLE_PASSWORD is set without SERVICE_ROLE']);
  const serviceRole = name ? { name, password } : undefined;
  await migrate({ url: connectionString(settings), migrationsDir, serviceRole, logger });
} catch (error) {
  fail(error as Error);
}
