// Brings a service's database up to date: node main.js MIGRATIONS_DIR
import { connectionString } from '../database/database.js';
import { createLogger } from '../log/logger.js';
import { migrateSettings, readSettings } from '../settings/kit-settings.js';
import { migrate } from './migrate.js';

const logger = createLogger('migrate', 'info');

function fail({ message }: Error): never {
  logger.error(message);
  process.exit(1);
}

// Also within a migration: PostgreSQL rolls its transaction back.
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => fail(new Error(`stopped by ${signal}`)));

try {
  const [, , migrationsDir] = process.argv;
  if (!migrationsDir) throw new Error('the folder of the migrations is missing: node main.js MIGRATIONS_DIR');
  const { SERVICE_ROLE: name, SERVICE_ROLE_PASSWORD: password, ...database } = readSettings(migrateSettings);
  const serviceRole = name ? { name, password } : undefined;
  await migrate({ url: connectionString(database), migrationsDir, serviceRole, logger });
} catch (error) {
  fail(error as Error);
}
