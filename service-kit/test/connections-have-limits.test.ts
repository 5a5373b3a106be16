import { once } from 'node:events';
import { connect } from 'node:http2';
import { AuthorServiceService } from '@bookstore/proto';
import { http2Call } from '@bookstore/sandbox/testing';
import { currentCall } from '@bookstore/service-kit';
import { afterEach, expect, test } from 'vitest';
import type { IncomingCall } from '../src/call/incoming-call.js';
import { type ControlledService, someone, startControlledService } from './controlled-service.js';

/** The most streams of a connection. */
const STREAMS = 1000;
const { path } = AuthorServiceService.getAuthor;

let controlled: ControlledService;
afterEach(async () => {
  controlled?.api.close();
  await controlled?.service.stop();
});

/** Handlers that wait until they are let go, but for those that are asked for 'at once'; and what has arrived where. */
function holdCalls() {
  const held: Array<() => void> = [];
  const connections = new Set<number | undefined>();
  controlled.handler = (request) => {
    connections.add((currentCall() as IncomingCall).connection.getConnectionInfo().remotePort);
    if (request.id === 'at once') return someone(request);
    return new Promise((resolve) => held.push(() => resolve(someone(request))));
  };
  return { held, connections };
}

test('a connection that comes of age is replaced: no call fails, and one in flight is answered', async () => {
  controlled = await startControlledService({ MAX_CONNECTION_AGE_MS: '1000' });
  const { held, connections } = holdCalls();
  const inFlight = controlled.api.getAuthor({ id: 'held' }, { deadlineMs: 30_000 });
  await expect.poll(() => held.length).toBe(1);

  const callUntil = (count: number) =>
    expect
      .poll(async () => {
        await controlled.api.getAuthor({ id: 'at once' });
        return connections.size;
      })
      .toBe(count);
  await callUntil(2);
  held[0]?.();
  expect(await inFlight).toMatchObject({ id: 'held' });
  await callUntil(3);
});

test('a client is told that its connection has come of age, and that nothing is wrong', async () => {
  controlled = await startControlledService({ MAX_CONNECTION_AGE_MS: '1000' });
  const session = connect(`http://127.0.0.1:${controlled.service.publicPort}`);
  const goaway = once(session, 'goaway');
  expect(await http2Call(session, path)).toMatchObject({ code: 'OK' });
  expect((await goaway)[0]).toBe(0);
});

test('the thousand and first call of a connection waits for one of the others, and other connections for none', async () => {
  controlled = await startControlledService({
    MAX_CALLS_IN_FLIGHT: String(2 * STREAMS),
    MAX_CONNECTION_AGE_MS: '600000',
  });
  const { held } = holdCalls();
  const session = connect(`http://127.0.0.1:${controlled.service.publicPort}`);
  await once(session, 'remoteSettings');
  expect(session.remoteSettings.maxConcurrentStreams).toBe(STREAMS);

  const calls = Array.from({ length: STREAMS + 1 }, () => http2Call(session, path));
  await expect.poll(() => held.length).toBe(STREAMS);
  expect(await controlled.api.getAuthor({ id: 'at once' })).toHaveProperty('name');
  expect(held).toHaveLength(STREAMS);

  held[0]?.();
  await expect.poll(() => held.length).toBe(STREAMS + 1);
  for (const letGo of held) letGo();
  for (const { code } of await Promise.all(calls)) expect(code).toBe('OK');
  session.close();
});
