import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServiceDatabase } from '@bookstore/sandbox/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { endSilentConnections, socketOf } from '../src/database/end-silent-connections.js';

let pool: pg.Pool;
let socket: Socket;
beforeAll(async () => {
  const { url } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => {});
  endSilentConnections(pool, 200);
  pool.on('connect', (client) => {
    socket = socketOf(client);
  });
});
afterAll(() => pool?.end());

const processId = async () => (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;

test('a connection that nobody uses is left alone', async () => {
  const before = await processId();
  await once(socket, 'timeout');
  expect(await processId()).toBe(before);
});

test('a statement without an answer fails, and the next one has another connection', async () => {
  const before = await processId();
  await expect(pool.query('SELECT pg_sleep(60)')).rejects.toThrow('Query read timeout');
  expect(await processId()).not.toBe(before);
});

test('a transaction in which nothing is sent is ended', async () => {
  const client = await pool.connect();
  client.on('error', () => {});
  await client.query('BEGIN');
  await new Promise((resolve) => socket.once('close', resolve));
  await expect(client.query('COMMIT')).rejects.toThrow();
  client.release(true);
  expect(await processId()).toEqual(expect.any(Number));
});
