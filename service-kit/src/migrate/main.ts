// Brings a service's database up to date, then ends: node main.js [MIGRATIONS_DIR]
import module from 'node:module';

// Absent before Node 22.1. Everything else is imported after it, so as to be cached by it.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();
const { readMigrateSettings } = await import('./migrate-settings.js');
const { migrateDatabase } = await import('./migrate-database.js');
const { MigrateError } = await import('./migrate-error.js');
const { SettingsError } = await import('../settings/setting.js');
const { createLogger } = await import('../log/logger.js');

// Ends a wait. A migration under way goes on to its end: half of one is worse than a late exit.
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => stop.abort(new MigrateError(`stopped by ${signal}`)));
}

let log = createLogger('migrate', { LOG_LEVEL: 'info', LOG_FORMAT: 'auto' });
let status = 0;
try {
  const settings = readMigrateSettings(process.env, process.argv[2]);
  log = createLogger('migrate', settings);
  await migrateDatabase(settings, log, stop.signal);
} catch (error) {
  status = 1;
  const expected = error instanceof MigrateError || error instanceof SettingsError;
  const { message, stack } = error as Error;
  log.error(expected ? {} : { stack }, message);
}
process.exit(status);
