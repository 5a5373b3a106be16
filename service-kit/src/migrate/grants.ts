import { type Client, escapeIdentifier } from 'pg';

/**
 * Lets the service read and write the rows of its own database, and nobody else connect to it. It comes after the
 * migrations every time, and so covers the tables they made.
 */
export async function grantToService(client: Client, roleName: string): Promise<void> {
  const role = escapeIdentifier(roleName);
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  const database = escapeIdentifier(rows[0]?.name ?? '');
  // Statements sent as one are one transaction: no request sees a table between its REVOKE and its GRANT.
  await client.query(`
    REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${role};
    GRANT CONNECT ON DATABASE ${database} TO ${role};
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    REVOKE ALL ON SCHEMA public FROM ${role};
    GRANT USAGE ON SCHEMA public TO ${role};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
    REVOKE ALL ON TABLE public._prisma_migrations FROM ${role};
    GRANT SELECT ON TABLE public._prisma_migrations TO ${role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role};
    -- A replica that only waits for a migration to be recorded may use its tables before these grants come again.
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${role};
  `);
}
