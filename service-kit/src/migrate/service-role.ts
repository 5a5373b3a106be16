import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import { retryRaces } from './backoff.js';
import type { Log } from './log.js';
import { MigrateError } from './migrate-error.js';
import type { MigrateSettings } from './migrate-settings.js';
import { scramVerifier } from './scram-verifier.js';

export interface ServiceRole {
  name: string;
  /** Set on every run, so that a rotated secret takes effect; without one the role's password stays as it is. */
  password: string | undefined;
  /** What its sessions are held to unless they ask for something else, by the names of PostgreSQL's parameters. */
  limits: Record<string, string>;
}

/** The limits of the role, as these settings have them. */
export const limitsOf = (
  settings: Pick<MigrateSettings, 'SERVICE_ROLE_STATEMENT_TIMEOUT_MS' | 'SERVICE_ROLE_IDLE_TRANSACTION_TIMEOUT_MS'>,
): ServiceRole['limits'] => ({
  statement_timeout: duration(settings.SERVICE_ROLE_STATEMENT_TIMEOUT_MS),
  idle_in_transaction_session_timeout: duration(settings.SERVICE_ROLE_IDLE_TRANSACTION_TIMEOUT_MS),
});

/** As an administrator would write it: a role that has been given the same by hand is not altered. */
const duration = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

const NOT_ALLOWED = '42501';
/** Roles belong to the whole server: another database's migration made the same one just now, or is altering it. */
const RACES: Record<string, true> = { '42710': true, '23505': true, XX000: true };

interface RoleRow {
  rolcanlogin: boolean;
  rolsuper: boolean;
  rolcreatedb: boolean;
  rolcreaterole: boolean;
  rolreplication: boolean;
  rolbypassrls: boolean;
  rolconfig: string[] | null;
}

/**
 * Makes the role the service logs in as: it may log in and nothing else. A connecting role that may not manage roles, as
 * in a managed database, is fine while the role is there.
 *
 * @throws MigrateError when the role is missing and may not be made
 */
export async function ensureServiceRole(client: Client, role: ServiceRole, log: Log): Promise<void> {
  const { rows } = await client.query<{ self: boolean }>('SELECT current_user = $1 AS self', [role.name]);
  if (rows[0]?.self) throw new MigrateError(`SERVICE_ROLE ${role.name} is the role that migrates: they must differ`);

  const existing = await retryRaces(() => findOrCreate(client, role), isRace);
  for (const statement of missing(role, existing)) {
    try {
      await retryRaces(() => client.query(statement), isRace);
    } catch (error) {
      if (codeOf(error) !== NOT_ALLOWED) throw error;
      log.warn(
        {},
        `this role may not alter ${role.name}, which stays as it is; an administrator can run: ${bySuperuser(role, 'ALTER')}`,
      );
      return;
    }
  }
}

async function findOrCreate(client: Client, role: ServiceRole): Promise<RoleRow> {
  const { name } = role;
  const find = async () => (await client.query<RoleRow>('SELECT * FROM pg_roles WHERE rolname = $1', [name])).rows[0];
  const found = await find();
  if (found !== undefined) return found;
  try {
    await client.query(`CREATE ROLE ${escapeIdentifier(name)} LOGIN`);
  } catch (error) {
    if (codeOf(error) !== NOT_ALLOWED) throw error;
    throw new MigrateError(
      `role ${name} is missing and this role may not create it; an administrator must run: ${bySuperuser(role, 'CREATE')}`,
    );
  }
  const created = await find();
  if (created === undefined) throw new MigrateError(`role ${name} was dropped just after it had been created`);
  return created;
}

/** Only what differs: PostgreSQL lets a mere CREATEROLE role not even mention SUPERUSER in an ALTER ROLE. */
function missing({ name, password, limits }: ServiceRole, row: RoleRow): string[] {
  const attributes = [
    !row.rolcanlogin && 'LOGIN',
    row.rolsuper && 'NOSUPERUSER',
    row.rolcreatedb && 'NOCREATEDB',
    row.rolcreaterole && 'NOCREATEROLE',
    row.rolreplication && 'NOREPLICATION',
    row.rolbypassrls && 'NOBYPASSRLS',
    password !== undefined && `PASSWORD ${escapeLiteral(scramVerifier(password))}`,
  ].filter((attribute) => attribute !== false);
  const alter = `ALTER ROLE ${escapeIdentifier(name)}`;
  const others = Object.entries(limits).filter(([key, value]) => !row.rolconfig?.includes(`${key}=${value}`));
  return [
    ...(attributes.length > 0 ? [`${alter} WITH ${attributes.join(' ')}`] : []),
    ...others.map(([key, value]) => `${alter} SET ${key} = '${value}'`),
  ];
}

/** The SQL for somebody with the rights; the password is theirs to fill in. */
function bySuperuser({ name, limits }: ServiceRole, verb: 'CREATE' | 'ALTER'): string {
  const role = escapeIdentifier(name);
  return [
    `${verb} ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '…';`,
    ...Object.entries(limits).map(([key, value]) => `ALTER ROLE ${role} SET ${key} = '${value}';`),
  ].join(' ');
}

const codeOf = (error: unknown) => (error as { code?: string }).code ?? '';
const isRace = (error: unknown) => RACES[codeOf(error)] ?? false;
