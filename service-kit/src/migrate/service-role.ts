import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import type { Logger } from '../log/logger.js';

/** The role that a service logs in as. */
export interface ServiceRole {
  readonly name: string;
  /** Printable ASCII. Set in every run, so that a rotated secret takes effect; undefined changes nothing. */
  readonly password?: string | undefined;
}

const NOT_ALLOWED = '42501';

/**
 * Creates the role, or sets its password. A migrating role that may not manage roles, as in a managed database, is enough
 * where the role exists.
 *
 * @throws Error when the role has too many rights, or is missing and may not be created
 */
export async function createServiceRole(
  client: Client,
  { name, password }: ServiceRole,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  const role = escapeIdentifier(name);
  const {
    rows: [existing],
  } = await client.query(
    `SELECT rolname = current_user AS same, quote_ident(current_user) AS migrator,
            rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
              OR pg_has_role(oid, current_user, 'MEMBER') AS privileged
       FROM pg_roles WHERE rolname = $1`,
    [name],
  );
  if (existing?.same) throw new Error(`SERVICE_ROLE ${name} is the role that migrates: they must differ`);
  if (existing?.privileged) {
    const attributes = `ALTER ROLE ${role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS`;
    const remedy = `${attributes}; REVOKE ${existing.migrator} FROM ${role}, or from a role between the two`;
    throw new Error(`SERVICE_ROLE ${name} may do more than a service needs; run: ${remedy}`);
  }
  if (existing && !password) return;

  const statement = (verifier: string | undefined) =>
    `${existing ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN${verifier ? ` PASSWORD ${verifier}` : ''}`;
  try {
    await client.query(statement(password && escapeLiteral(scramVerifier(password))));
  } catch (error) {
    if ((error as { code?: string }).code !== NOT_ALLOWED) throw error;
    const remedy = `an administrator must run: ${statement("'…'")}`;
    if (!existing) throw new Error(`role ${name} is missing and may not be created by this one; ${remedy}`);
    logger.warn(`this role may not change the password of ${name}; for another one ${remedy}`);
  }
}

/** Lets the service read and write the rows of its own database, and no other role connect to it. */
export async function grantToService(client: Client, roleName: string): Promise<void> {
  const role = escapeIdentifier(roleName);
  const { rows } = await client.query('SELECT quote_ident(current_database()) AS name');
  const database = rows[0].name;
  // Several statements in one query are one transaction: no call sees a table between its REVOKE and its GRANT.
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
    -- For the tables of a later migration, until these grants run again.
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${role};
  `);
}

/** The form in which PostgreSQL stores a password, so that the password is not in the server's log. */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const iterations = 4096; // PostgreSQL's default
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`;
}
