import type { ClientBase } from 'pg';

/** What answers depend on, set in each session whatever the defaults of the database and of the role are. */
const SESSION: Readonly<Record<string, string>> = {
  // adapter-pg reads times as UTC in this form.
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

/** The startup parameter `options` of a session. */
export const SESSION_OPTIONS = Object.entries(SESSION)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`)
  .join(' ');

const NO_POOLER = 'a pooler in between, such as PgBouncer, is not supported; connect to PostgreSQL itself';

/** @throws Error when a pooler has left out the settings of the session, or while the database does not answer */
export async function expectSession(connection: Pick<ClientBase, 'query'>): Promise<void> {
  const columns = Object.keys(SESSION).map((name) => `current_setting('${name}') AS "${name}"`);
  const { rows } = await connection.query<Record<string, string>>(`SELECT ${columns.join(', ')}`);
  const other = Object.keys(SESSION).find((name) => rows[0]?.[name] !== SESSION[name]);
  if (other !== undefined) throw new Error(`its sessions do not have the ${other} that was asked for: ${NO_POOLER}`);
}

/** Why a database cannot be used, in one line for the log. */
export function databaseProblem(error: unknown): string {
  const { code, message = String(error), errors } = error as { code?: string; message?: string; errors?: unknown[] };
  // A host name with several addresses: only the error of each address has a message.
  if (!message && errors?.[0]) return databaseProblem(errors[0]);
  if (message.includes('startup parameter')) return `${message}: ${NO_POOLER}`;
  return message.trim().replace(/\s+/g, ' ') || String(code);
}
