import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { keepStreamsInArrays } from '../src/server/streams-in-arrays.js';

test("Node's own tables are no longer in use", async () => {
  await using server = await startServer();
  await server.connect();

  // Where Node has come to keep them in another way, this is where it shows.
  expect(server.replaced).toEqual([true]);
});

test('calls are answered, however many are open', async () => {
  await using server = await startServer();
  const session = await server.connect();
  const open = Array.from({ length: 90 }, () => call(session, '/waits'));
  await vi.waitFor(() => expect(server.waiting).toHaveLength(open.length));
  await Promise.all(Array.from({ length: 300 }, () => once(call(session), 'close')));
  for (const answer of server.waiting.splice(30, 30)) answer();
  await Promise.all(open.slice(30, 60).map((request) => once(request, 'close')));
  for (const answer of server.waiting.splice(0)) answer();
  const others = [...open.slice(0, 30), ...open.slice(60)];
  await Promise.all(others.map((request) => once(request, 'close')));

  expect(open.map(({ rstCode }) => rstCode)).toEqual(open.map(() => 0));
});

test('a session that is closed ends with its last call', async () => {
  await using server = await startServer();
  const session = await server.connect();
  const request = call(session, '/waits');
  await vi.waitFor(() => expect(server.waiting).toHaveLength(1));
  const [theirs] = server.sessions as [Http2Session];
  theirs.close();
  expect(theirs.destroyed).toBe(false);
  server.waiting[0]?.();
  await Promise.all([once(request, 'close'), once(theirs, 'close')]);

  expect(request.rstCode).toBe(0);
});

test('a session that is destroyed ends all of its calls', async () => {
  await using server = await startServer();
  const session = await server.connect();
  const requests = Array.from({ length: 10 }, () => call(session, '/waits'));
  await vi.waitFor(() => expect(server.waiting).toHaveLength(requests.length));
  const ended = Promise.all(requests.map((request) => once(request, 'close')));
  const [theirs] = server.sessions as [Http2Session];
  theirs.destroy();
  await ended;

  expect(server.ended).toBe(requests.length);
});

const call = (session: ClientHttp2Session, path = '/') =>
  session
    .request({ ':method': 'POST', ':path': path })
    .on('error', () => {})
    .resume()
    .end();

/** Answers each call; those that are to wait once they are told. */
async function startServer() {
  const sessions: Http2Session[] = [];
  const replaced: boolean[] = [];
  const waiting: (() => void)[] = [];
  let ended = 0;
  const server = createServer()
    .on('session', (session) => {
      replaced.push(keepStreamsInArrays(session));
      sessions.push(session);
    })
    .on('stream', (stream, headers) => {
      stream.on('error', () => {}).on('close', () => ended++);
      const answer = () => stream.respond({ ':status': 200 }, { endStream: true });
      if (headers[':path'] === '/waits') waiting.push(answer);
      else answer();
    })
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients: ClientHttp2Session[] = [];
  return {
    sessions,
    replaced,
    waiting,
    get ended() {
      return ended;
    },
    async connect(): Promise<ClientHttp2Session> {
      const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      clients.push(session);
      await once(session, 'connect');
      return session;
    },
    async [Symbol.asyncDispose]() {
      for (const session of clients) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
