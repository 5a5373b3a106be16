import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, createServer, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { beginCallsInTurns } from '../src/server/calls-in-turns.js';

const BURST = 2000;

test('the calls of a burst begin by turns, and another connection has its own', async () => {
  await using server = await startServer();
  const burst = await server.connect();
  const other = await server.connect();
  const requests = Array.from({ length: BURST }, () => call(burst));
  await vi.waitFor(() => expect(server.begun.length).toBeGreaterThan(0), { interval: 1 });
  const theirs = call(other);
  await Promise.all([theirs, ...requests].map((request) => once(request, 'close')));

  expect(server.begun).toHaveLength(BURST + 1);
  const perTurn = new Map<number, number>();
  for (const { turn } of server.begun) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
  expect(Math.max(...perTurn.values())).toBeLessThan(300);
  const [first] = server.begun;
  expect(server.begun.findIndex(({ session }) => session !== first?.session)).toBeLessThan(BURST / 2);
});

test('a call that is taken back by its turn never begins', async () => {
  await using server = await startServer();
  const burst = await server.connect();
  const requests = Array.from({ length: BURST }, () => call(burst));
  await vi.waitFor(() => expect(server.begun.length).toBeGreaterThan(0), { interval: 1 });
  // Of a thousand, Node would close the connection.
  const takenBack = requests.slice(-BURST / 4);
  for (const request of takenBack) request.close(constants.NGHTTP2_CANCEL);
  await Promise.all(requests.map((request) => request.destroyed || once(request, 'close')));

  expect(server.begun).toHaveLength(BURST - takenBack.length);
});

test('a call whose connection breaks while it waits never begins', async () => {
  await using server = await startServer();
  const burst = await server.connect();
  for (let count = 0; count < BURST; count++) call(burst);
  await vi.waitFor(() => expect(server.begun.length).toBeGreaterThan(0), { interval: 1 });
  burst.destroy();
  const last = call(await server.connect());
  await once(last, 'close');

  expect(server.begun.length).toBeLessThan(BURST / 2);
});

const call = (session: ClientHttp2Session) =>
  session
    .request({ ':method': 'POST' })
    .on('error', () => {})
    .resume()
    .end();

/** Answers each call, and notes in which turn of the event loop it began. */
async function startServer() {
  let turn = 0;
  let next = setImmediate(function count() {
    turn++;
    next = setImmediate(count);
  });
  const begun: Array<{ turn: number; session: Http2Session | undefined }> = [];
  const sessions: ClientHttp2Session[] = [];
  const server = createServer({ settings: { maxConcurrentStreams: BURST } });
  server.on('stream', (stream) => {
    begun.push({ turn, session: stream.session });
    stream.on('error', () => {}).respond({ ':status': 200 }, { endStream: true });
  });
  beginCallsInTurns(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    begun,
    connect: async () => {
      const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      sessions.push(session);
      await once(session, 'remoteSettings');
      return session;
    },
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      clearImmediate(next);
      server.close();
      await once(server, 'close');
    },
  };
}
