import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { socketOf } from '../src/database/end-silent-connections.js';
import { prepared, statement } from '../src/database/statement.js';

let pool: pg.Pool;
beforeAll(() => {
  pool = new pg.Pool({ connectionString: inject('postgresUrl'), max: 1 });
  pool.on('error', () => {});
});
afterAll(() => pool?.end());

/** What the database sends of each row's shape while this runs. */
async function descriptionsDuring(run: () => Promise<unknown>): Promise<number> {
  const client = await pool.connect();
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  client.release();
  let count = 0;
  const note = () => count++;
  connection.on('rowDescription', note);
  await run();
  connection.off('rowDescription', note);
  return count;
}

const values = `SELECT $1::uuid AS id, $2::text AS text, $3::int AS int, $4::boolean AS boolean,
  '2026-11-22 18:04:05.1234+00'::timestamptz AS time, NULL::int AS nothing, count(*)::int AS count
  FROM unnest($5::text[]) AS one WHERE one <> 'left "out", {\\}'`;
const id = '01a21790-4f27-7235-9c14-4c7c878444cc';
const row = { id, text: 'ä {"', int: -5, boolean: false, time: '2026-11-22T18:04:05.123Z', nothing: null, count: 1 };

test('a statement is described with its first run on a connection, and has the same rows ever after', async () => {
  const read = statement(pool, 'values', values);
  const once = () => read(id, 'ä {"', -5, false, ['left "out", {\\}', 'one']);
  expect(await descriptionsDuring(async () => expect(await once()).toEqual([row]))).toBe(1);
  expect(await descriptionsDuring(async () => expect(await once()).toEqual([row]))).toBe(0);
});

test('each connection is told for itself', async () => {
  const other = new pg.Pool({ connectionString: inject('postgresUrl'), max: 2 });
  try {
    const both = await Promise.all([other.connect(), other.connect()]);
    const read = prepared<{ n: number }>('n', 'SELECT n FROM generate_series(1, $1::int) AS n');
    for (const client of both) expect(await read(client, 3)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    for (const client of both) expect(await read(client, 0)).toEqual([]);
    for (const client of both) client.release();
  } finally {
    await other.end();
  }
});

test('a statement without rows has none', async () => {
  const set = statement(pool, 'set_nothing', "SELECT FROM pg_catalog.set_config('a.b', $1, false) WHERE false");
  const change = statement(pool, 'lock_nothing', 'DELETE FROM pg_catalog.pg_largeobject_metadata WHERE oid = $1');
  for (const time of ['first', 'second']) {
    expect(await set(time)).toEqual([]);
    expect(await change(0)).toEqual([]);
  }
});

test('what the database refuses is told to who sent it, and the connection goes on', async () => {
  const divide = statement<{ result: number }>(pool, 'divide', 'SELECT 6 / $1::int AS result');
  const error = await divide(0).then(
    () => expect.unreachable(),
    (error: pg.DatabaseError) => error,
  );
  expect(error).toBeInstanceOf(pg.DatabaseError);
  expect(error).toMatchObject({ code: '22012' });
  expect(error.stack).toContain('statement.');
  expect(await divide(2)).toEqual([{ result: 3 }]);
  await expect(divide('no number')).rejects.toMatchObject({ code: '22P02' });
  expect(await divide(3)).toEqual([{ result: 2 }]);
});

test('what does not parse can be tried again', async () => {
  const read = statement<{ n: number }>(pool, 'of_a_table', 'SELECT n FROM pg_temp.made_later');
  await expect(read()).rejects.toMatchObject({ code: expect.stringMatching(/^(42P01|3F000)$/) });
  await pool.query('CREATE TEMP TABLE made_later AS SELECT 1 AS n');
  expect(await read()).toEqual([{ n: 1 }]);
});

test('a value that cannot be read fails its statement alone', async () => {
  const read = statement<{ at: string }>(pool, 'times', 'SELECT $1::timestamptz AS at');
  await expect(read('infinity')).rejects.toThrow(TypeError);
  expect(await read('2026-11-22 18:04:05Z')).toEqual([{ at: '2026-11-22T18:04:05.000Z' }]);
});

test('a refusal within a transaction leaves the connection to its owner', async () => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const divide = prepared('divide', 'SELECT 6 / $1::int AS result');
    await expect(divide(client, 0)).rejects.toMatchObject({ code: '22012' });
    await expect(divide(client, 1)).rejects.toMatchObject({ code: '25P02' });
    await client.query('ROLLBACK');
    expect(await divide(client, 1)).toEqual([{ result: 6 }]);
  } finally {
    client.release();
  }
});

test('two texts of one name are refused', async () => {
  await statement(pool, 'twice', 'SELECT 1')();
  await expect(statement(pool, 'twice', 'SELECT 2')()).rejects.toThrow('two statements are named twice');
  expect(await statement(pool, 'once', 'SELECT 3 AS n')()).toEqual([{ n: 3 }]);
});

test('a connection that breaks fails what it runs, and the next has another', async () => {
  const sleep = statement(pool, 'sleep', 'SELECT pg_sleep($1), 1 AS n');
  pool.once('acquire', (client) => setImmediate(() => socketOf(client).destroy()));
  await expect(sleep(60)).rejects.toThrow('Connection terminated unexpectedly');
  expect(await sleep(0)).toEqual([{ pg_sleep: '', n: 1 }]);
});
