import { connectWhenUp } from './connect.js';
import { grantToService } from './grants.js';
import type { Log } from './log.js';
import { connectionString, type MigrateSettings } from './migrate-settings.js';
import { pendingOf, readHistory } from './migration-history.js';
import { takeMigrationLock } from './migration-lock.js';
import { readMigrations } from './migrations-folder.js';
import { ensureServiceRole, limitsOf } from './service-role.js';

/**
 * Waits for the database, then, one process at a time: makes the service's role, applies the migrations, grants.
 * Doing it again changes nothing. The process has to end afterwards; that also frees the lock.
 *
 * @throws MigrateError, and whatever PostgreSQL says that nobody foresaw
 */
export async function migrateDatabase(settings: MigrateSettings, log: Log, signal: AbortSignal): Promise<void> {
  const migrations = await readMigrations(settings.MIGRATIONS_DIR);
  const url = connectionString(settings);
  const client = await connectWhenUp(url, settings, log, signal);
  await takeMigrationLock(client, settings, log, signal);

  const role = settings.SERVICE_ROLE;
  if (role !== undefined) {
    const { SERVICE_ROLE_PASSWORD: password } = settings;
    await ensureServiceRole(client, { name: role, password, limits: limitsOf(settings) }, log);
  }

  const { pending, unknown } = pendingOf(migrations, await readHistory(client));
  if (unknown.length > 0) {
    log.warn({ unknown }, `the database is ahead of this version, which does not know ${unknown.join(', ')}`);
  }
  if (pending.length === 0) log.info({}, 'nothing to apply');
  // The engine is loaded only for work: most starts find none.
  else {
    const { applyMigrations } = await import('./apply-migrations.js');
    await applyMigrations(url, settings.MIGRATIONS_DIR, migrations, pending, client, log);
  }

  if (role !== undefined) await grantToService(client, role);
  await client.end();
}
