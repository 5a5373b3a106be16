import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import type { Log } from './connect.js';

/** The role that a service logs in as. */
export interface ServiceRole {
  readonly name: string;
  /** Printable ASCII. Set on every run, so that a rotated secret takes effect; undefined leaves the role's own. */
  readonly password?: string | undefined;
}

/** For sessions of the role that set none of their own. */
const LIMITS = Object.entries({ statement_timeout: '2s', idle_in_transaction_session_timeout: '10s' });
const NOT_ALLOWED = '42501';
/** Roles belong to the whole server: the migration of another database changes the same one at this moment. */
const RACES = ['42710', '23505', 'XX000'];

/**
 * Creates the role, or takes from it what it may do beyond logging in. A migrating role that may not manage roles, as in
 * a managed database, is enough while the role exists.
 *
 * @throws Error when the role is missing and may not be created
 */
export async function createServiceRole(client: Client, role: ServiceRole, log: Log, triesLeft = 10): Promise<void> {
  await createOrAlter(client, role, log).catch(async (error) => {
    if (triesLeft === 0 || !RACES.includes(error.code)) throw error;
    await pause(Math.random() * 200);
    await createServiceRole(client, role, log, triesLeft - 1);
  });
}

async function createOrAlter(client: Client, { name, password }: ServiceRole, log: Log): Promise<void> {
  const { rows } = await client.query<Record<string, boolean>>(
    `SELECT rolname <> current_user AS other, coalesce(rolconfig, '{}') @> $2 AS limited,
            rolcanlogin AS "LOGIN", NOT rolsuper AS "NOSUPERUSER", NOT rolcreatedb AS "NOCREATEDB",
            NOT rolcreaterole AS "NOCREATEROLE", NOT rolreplication AS "NOREPLICATION", NOT rolbypassrls AS "NOBYPASSRLS"
       FROM pg_roles WHERE rolname = $1`,
    [name, LIMITS.map(([key, value]) => `${key}=${value}`)],
  );
  const { other = true, limited = false, ...attributes } = rows[0] ?? { LOGIN: false };
  if (!other) throw new Error(`SERVICE_ROLE ${name} is the role that migrates: they must differ`);

  const role = escapeIdentifier(name);
  // Only what differs: a role that is no superuser may not even mention SUPERUSER.
  const missing = Object.keys(attributes).filter((attribute) => !attributes[attribute]);
  const statements = (verifier: string | undefined) => {
    const options = [...missing, ...(verifier ? [`PASSWORD ${verifier}`] : [])];
    const limits = limited ? [] : LIMITS.map(([key, value]) => `ALTER ROLE ${role} SET ${key} = '${value}';`);
    const verb = rows[0] ? 'ALTER' : 'CREATE';
    return [...(options.length > 0 ? [`${verb} ROLE ${role} ${options.join(' ')};`] : []), ...limits].join(' ');
  };
  await client.query(statements(password && escapeLiteral(scramVerifier(password)))).catch((error) => {
    if (error.code !== NOT_ALLOWED) throw error;
    const remedy = `run: ${statements("'…'")}`;
    if (rows[0]) log.warn({}, `this role may not alter ${name}, which stays as it is; an administrator can ${remedy}`);
    else throw new Error(`role ${name} is missing and may not be created by this one; an administrator must ${remedy}`);
  });
}

/** Lets the service read and write the rows of its own database, and no other role connect to it. */
export async function grantToService(client: Client, roleName: string): Promise<void> {
  const role = escapeIdentifier(roleName);
  const { rows } = await client.query<{ name: string }>('SELECT quote_ident(current_database()) AS name');
  const database = rows[0]?.name;
  // One query of several statements is one transaction: no request sees a table between its REVOKE and its GRANT.
  await client.query(`
    REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${role};
    GRANT CONNECT ON DATABASE ${database} TO ${role};
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    REVOKE ALL ON SCHEMA public FROM ${role};
    GRANT USAGE ON SCHEMA public TO ${role};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
    REVOKE INSERT, UPDATE, DELETE ON TABLE public._prisma_migrations FROM ${role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role};
    -- A replica that waits until a migration is recorded uses its tables before these grants come again.
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${role};
  `);
}

/** The form in which PostgreSQL stores a password, so that the password is neither sent to the server nor in its log. */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const iterations = 4096; // PostgreSQL's own default
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
