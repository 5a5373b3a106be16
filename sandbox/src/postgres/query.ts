import pg from 'pg';

/** Runs one statement on a connection of its own, and returns the rows. */
export async function query(url: string, sql: string, values: unknown[] = []): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client(url);
  // The server may stop meanwhile: the query fails then.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}
