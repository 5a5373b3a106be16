import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { http2Call } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frame } from '../chaos/src/fuzz/broken-frames.js';
import { type SecureBookstore, startSecureBookstore } from '../src/client/secure-bookstore.js';
import { callHeaders, END_HEADERS, END_STREAM, Frame, field, RawConnection } from './http2-frames.js';

const METHOD = '/bookstore.author.v1.AuthorService/ListAuthors';
/** A service's limit in compose.yaml. */
const MEMORY_LIMIT = 512 * 2 ** 20;
const ABUSE_MS = 2_000;

let secure: SecureBookstore;
beforeAll(async () => {
  secure = await startSecureBookstore({ LOG_LEVEL: 'error' });
});
afterAll(() => secure?.stop());

const openAll = (count: number) =>
  Promise.all(Array.from({ length: count }, () => RawConnection.open(secure.authorPort, secure.ca)));

/** The most memory that the service's process has had so far, bytes. */
function peakMemory(): number {
  const status = readFileSync(`/proc/${secure.bookstore.service('author-service').pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

const attacks: Record<string, (connection: RawConnection, round: number) => Promise<void>> = {
  'rapid reset': (connection, round) =>
    connection.send(
      ...Array.from({ length: 100 }, (_, index) => {
        const stream = 2 * (100 * round + index) + 1;
        return Buffer.concat([
          frame(Frame.HEADERS, END_HEADERS, stream, callHeaders(METHOD)),
          frame(Frame.RST_STREAM, 0, stream, Buffer.of(0, 0, 0, 8)),
        ]);
      }),
    ),
  'a flood of CONTINUATION frames': (connection, round) =>
    connection.send(
      ...(round === 0 ? [frame(Frame.HEADERS, 0, 1, callHeaders(METHOD))] : []),
      ...Array.from({ length: 100 }, (_, index) =>
        frame(Frame.CONTINUATION, 0, 1, field(`x-${round}-${index}`, 'x'.repeat(1000))),
      ),
    ),
  'a flood of empty CONTINUATION frames': (connection, round) =>
    connection.send(
      ...(round === 0 ? [frame(Frame.HEADERS, 0, 1, callHeaders(METHOD))] : []),
      ...Array.from({ length: 500 }, () => frame(Frame.CONTINUATION, 0, 1)),
    ),
  'a flood of settings': (connection) =>
    connection.send(...Array.from({ length: 500 }, () => frame(Frame.SETTINGS, 0, 0, Buffer.of(0, 4, 0, 0, 255, 255)))),
  'a flood of pings': (connection) =>
    connection.send(...Array.from({ length: 500 }, () => frame(Frame.PING, 0, 0, Buffer.alloc(8)))),
  'headers that come byte by byte': async (connection, round) => {
    const headers = frame(Frame.HEADERS, END_HEADERS, 1, callHeaders(METHOD));
    await connection.send(headers.subarray(round, round + 1));
    await sleep(10);
  },
  'header bombs': (connection, round) =>
    connection.send(
      frame(
        Frame.HEADERS,
        END_HEADERS | END_STREAM,
        2 * round + 1,
        // One long field put into the table, and then named again and again by one byte each.
        callHeaders(
          METHOD,
          Buffer.concat([Buffer.of(0x40), field('x-bomb', 'x'.repeat(4000)).subarray(1)]),
          Buffer.alloc(8000, 0xbe),
        ),
      ),
    ),
  'calls that are never finished': (connection, round) =>
    connection.send(frame(Frame.HEADERS, END_HEADERS, 2 * round + 1, callHeaders(METHOD))),
};

test.each(Object.keys(attacks))('%s: other connections are served, and memory stays within the limit', async (name) => {
  const attack = attacks[name] as (connection: RawConnection, round: number) => Promise<void>;
  const connections = await openAll(10);
  const until = performance.now() + ABUSE_MS;
  let frames = 0;
  const abuse = connections.map(async (connection) => {
    for (let round = 0; performance.now() < until && !connection.closed; round++) {
      await attack(connection, round);
      frames++;
      // Both ends share this machine: let the other side work.
      await sleep(1);
    }
  });
  const authorization = await secure.authorization();
  const times: number[] = [];
  const answers: string[] = [];
  const session = secure.session(secure.authorPort);
  while (performance.now() < until) {
    const start = performance.now();
    const { code, message } = await http2Call(session, METHOD, { authorization });
    answers.push(code === 'OK' ? code : `${code}: ${message}`);
    times.push(performance.now() - start);
    await sleep(20);
  }
  await Promise.all(abuse);
  session.close();
  const cut = connections.filter(({ closed }) => closed).length;
  for (const connection of connections) connection.destroy();

  const peak = peakMemory();
  console.log(
    `${name}: ${frames} rounds, ${cut} of 10 connections cut; ${answers.length} calls beside it, ` +
      `slowest ${Math.max(...times).toFixed(0)} ms; peak memory ${(peak / 2 ** 20).toFixed(0)} MiB`,
  );
  expect(new Set(answers)).toEqual(new Set(['OK']));
  expect(peak).toBeLessThan(MEMORY_LIMIT);
  expect(secure.bookstore.service('author-service').running).toBe(true);
});

test('a thousand idle connections: others are served, and memory stays within the limit', async () => {
  const authorization = await secure.authorization();
  const session = secure.session(secure.authorPort);
  const connections: RawConnection[] = [];
  while (connections.length < 1000) connections.push(...(await openAll(50)));
  expect((await http2Call(session, METHOD, { authorization })).code).toBe('OK');
  const peak = peakMemory();
  console.log(`${connections.length} connections open; peak memory ${(peak / 2 ** 20).toFixed(0)} MiB`);
  expect(peak).toBeLessThan(MEMORY_LIMIT);
  session.close();
  for (const connection of connections) connection.destroy();
});

test('the streams of a connection beyond a thousand are refused, and others are answered', async () => {
  const authorization = await secure.authorization(undefined, 'many-streams');
  const [connection] = await openAll(1);
  const resets = (connection as RawConnection).watchResets();
  const headers = callHeaders(METHOD, field('authorization', authorization));
  for (let stream = 1; stream < 2 * 1003; stream += 2) {
    await connection?.send(frame(Frame.HEADERS, END_HEADERS, stream, headers));
  }
  const REFUSED_STREAM = 7;
  await expect
    .poll(() => [...resets])
    .toEqual([
      [2001, REFUSED_STREAM],
      [2003, REFUSED_STREAM],
      [2005, REFUSED_STREAM],
    ]);
  expect(connection?.closed).toBe(false);
  const session = secure.session(secure.authorPort);
  expect((await http2Call(session, METHOD, { authorization })).code).toBe('OK');
  session.close();
  connection?.destroy();
});

test.each([
  [12_000, 'OK'],
  [24_000, 'INVALID_ARGUMENT'],
])('a header of %d bytes is %s', async (bytes, code) => {
  const authorization = await secure.authorization();
  const session = secure.session(secure.authorPort);
  const headers = { authorization, 'x-filler': 'x'.repeat(bytes) };
  expect((await http2Call(session, METHOD, headers)).code).toBe(code);
  session.close();
});
