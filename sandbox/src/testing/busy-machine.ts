/** Settings for a machine that is busy with other tests, which is no database that does not answer. */
export const BUSY_MACHINE = { DATABASE_ACQUIRE_TIMEOUT_MS: '5000' };
