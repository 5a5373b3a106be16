import pg from 'pg';

/** Runs statements one by one; the rows of the last. */
export async function query<T extends object>(url: string, ...statements: string[]): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let rows: T[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
