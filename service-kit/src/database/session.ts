import type { ClientBase } from 'pg';

/**
 * What answers depend on, whatever the defaults of the database and of the role are. Read-only mode is not among it: that is
 * for whoever runs the database to set.
 */
const SESSION: Readonly<Record<string, string>> = {
  // adapter-pg reads times as UTC, and in this form.
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  bytea_output: 'hex',
  extra_float_digits: '1',
  client_encoding: 'UTF8',
  search_path: 'public',
  default_transaction_isolation: 'read committed',
  // Prepared statements are planned once.
  plan_cache_mode: 'force_generic_plan',
};

/** The settings of a session, as the startup parameter `options`. */
export const SESSION_OPTIONS = Object.entries(SESSION)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');

const SHOW_SESSION = `SELECT ${Object.keys(SESSION)
  .map((name) => `current_setting('${name}') AS "${name}"`)
  .join(', ')}`;

const NO_POOLER = 'a pooler in between, such as PgBouncer, is not supported; connect to PostgreSQL itself';

/** A session without the settings that were asked for: answers would be wrong. */
export class OtherSession extends Error {
  constructor(setting: string) {
    super(`its sessions do not have the ${setting} that was asked for: ${NO_POOLER}`);
  }
}

/** @throws OtherSession, and Error while the database does not answer */
export async function expectSession(connection: Pick<ClientBase, 'query'>): Promise<void> {
  const { rows } = await connection.query<Record<string, string>>(SHOW_SESSION);
  const other = Object.keys(SESSION).find((name) => rows[0]?.[name] !== SESSION[name]);
  if (other !== undefined) throw new OtherSession(other);
}

/** Why a database cannot be used, in one line for the log. */
export function databaseProblem(error: unknown): string {
  const { code, message = String(error), errors } = error as { code?: string; message?: string; errors?: unknown[] };
  // A name with several addresses: the error itself has no message.
  if (!message && errors?.[0]) return databaseProblem(errors[0]);
  if (message.includes('startup parameter')) return `${message}: ${NO_POOLER}`;
  return message.trim().replace(/\s+/g, ' ') || String(code);
}
