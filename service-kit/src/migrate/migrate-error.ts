/** What a person can act on: its message is the whole story, in one line, and holds no secret. */
export class MigrateError extends Error {
  override name = 'MigrateError';
}
