import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Author, AuthorServiceService } from '@bookstore/proto';
import { failureOf, grpcFrame, grpcHeaders, healthOf, http2Call, rawCall } from '@bookstore/sandbox/testing';
import { currentCall } from '@bookstore/service-kit';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { type ControlledService, someone, startControlledService } from './controlled-service.js';
import { REFLECTION, startSecuredService } from './secured-service.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const LIMIT = 4;
/** The most streams of a connection. */
const STREAMS = 1000;
const { path } = AuthorServiceService.getAuthor;

let limited: ControlledService;
beforeAll(async () => {
  limited = await startControlledService({ MAX_CALLS_IN_FLIGHT: String(LIMIT) });
});
afterAll(() => limited?.stop());
afterEach(() => {
  limited.handler = someone;
});

/** A request for health with a name of 4000 bytes. */
const nameOf4000 = (name: string) => Buffer.concat([Buffer.of(0x0a, 0xa0, 0x1f), Buffer.from(name.padEnd(4000, 'x'))]);

/** Handlers that wait until they are released, but for the id "at once". */
function holdCalls(controlled: ControlledService) {
  const held: Array<() => void> = [];
  const connections = new Set<number | undefined>();
  controlled.handler = (request) => {
    connections.add(currentCall()?.connection.getConnectionInfo().remotePort);
    if (request.id === 'at once') return someone(request);
    return new Promise((resolve) => held.push(() => resolve(someone(request))));
  };
  return { held, connections };
}

const metadataOf = (entries: readonly (readonly [string, string])[]) => {
  const metadata = new Metadata();
  for (const [key, value] of entries) metadata.add(key, key.endsWith('-bin') ? Buffer.from(value) : value);
  return metadata;
};

describe('beyond the limit of calls in flight', () => {
  test('a call is refused at once with the time to wait; health is not', async () => {
    const { held } = holdCalls(limited);
    const calls = Array.from({ length: LIMIT }, () => limited.api.getAuthor({ id: '1' }));
    await expect.poll(() => held.length).toBe(LIMIT);
    expect(await failureOf(limited.api.getAuthor())).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'OVERLOADED',
      domain: 'bookstore',
      retryAfterMs: 100,
    });
    expect(await healthOf(limited.service.publicPort)).toBe('SERVING');
    for (const release of held) release();
    expect(await Promise.all(calls)).toHaveLength(LIMIT);
    await limited.api.getAuthor({ id: 'at once' });
  });

  test('a call passes once another one is cancelled', async () => {
    const { held } = holdCalls(limited);
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: LIMIT }, () => failureOf(limited.api.getAuthor({ id: '1' }, { signal })));
    await expect.poll(() => held.length).toBe(LIMIT);
    controller.abort();
    for (const failure of await Promise.all(calls)) expect(failure.code).toBe('CANCELLED');
    await expect.poll(() => limited.api.getAuthor({ id: 'at once' }).catch(() => {})).toHaveProperty('name');
  });
});

test.each([
  ['one value', [['x-long', 'x'.repeat(16_384)]]],
  ['many keys', Array.from({ length: 60 }, (_, i) => [`x-key-${i}`, 'x'.repeat(300)] as const)],
  ['many binary values', Array.from({ length: 60 }, () => ['x-same-bin', 'x'.repeat(300)] as const)],
] as const)('metadata beyond the limit is refused: %s', async (_what, entries) => {
  expect(await failureOf(limited.api.getAuthor({ id: '1' }, { metadata: metadataOf(entries) }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_FIELD',
    fields: { metadata: 'must be at most 16384 bytes' },
  });
  await limited.api.getAuthor();
});

test.each([
  ['kept', 'abc-1:2.3_Z', 'abc-1:2.3_Z'],
  ['replaced where it could break a log line', 'a"b{}', undefined],
  ['replaced where it is too long', 'x'.repeat(129), undefined],
])("the caller's request id is %s", async (_what, given, kept) => {
  let seen: string | undefined;
  limited.handler = () => {
    seen = currentCall()?.requestId;
    throw new Error('a bug');
  };
  const failure = await failureOf(limited.api.getAuthor({}, { metadata: metadataOf([['x-request-id', given]]) }));
  expect(failure.requestId).toBe(seen);
  if (kept) expect(seen).toBe(kept);
  else expect(seen).toMatch(/^[0-9a-f-]{36}$/);
});

test('a bug is INTERNAL with a fixed message', async () => {
  for (const bug of [
    () => {
      throw new Error('SELECT secret');
    },
    () => Promise.reject('secret'),
    () => Promise.reject(undefined),
    () => undefined as unknown as Author, // cannot be encoded
  ]) {
    limited.handler = bug;
    const failure = await failureOf(limited.api.getAuthor());
    expect(failure).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL', message: 'internal error' });
    expect(JSON.stringify(failure)).not.toContain('secret');
  }
});

test('streams that are reset while their token is verified take no place', async () => {
  const { issuer, session, stop } = await startSecuredService(inject('postgresUrl'), { MAX_CALLS_IN_FLIGHT: '4' });
  onTestFinished(stop);
  const [reflection = ''] = REFLECTION;
  for (let count = 0; count < 20; count++) {
    const stream = session.request(grpcHeaders(reflection, { authorization: `Bearer ${await issuer.token()}` }));
    stream.on('error', () => {});
    setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
    await once(stream, 'close');
  }
  const authorization = `Bearer ${await issuer.token()}`;
  await expect.poll(async () => (await http2Call(session, reflection, { authorization })).code).toBe('OK');
});

test('bytes that do not parse reach no handler and take no place', async () => {
  let handled = 0;
  limited.handler = (request) => {
    handled++;
    return someone(request);
  };
  const failures = Array.from({ length: 5 * LIMIT }, () =>
    failureOf(rawCall(limited.service.publicPort, path, Uint8Array.of(0x0a, 9))),
  );
  for (const { reason } of await Promise.all(failures)) expect(['MALFORMED_MESSAGE', 'OVERLOADED']).toContain(reason);
  expect(handled).toBe(0);
  await limited.api.getAuthor();
});

test.each([
  ['does not parse', Uint8Array.of(0x17, 1), 'the request message does not parse'],
  ['is long', nameOf4000('x'), undefined],
  ['is too long', Buffer.alloc(5000), 'the request message is larger than 4096 bytes'],
])('a request for health that %s has a defined answer', async (_what, bytes, message) => {
  const failure = await failureOf(rawCall(limited.service.publicPort, '/grpc.health.v1.Health/Check', bytes));
  if (message) expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'MALFORMED_MESSAGE', message });
  else expect(failure.code).toBe('NOT_FOUND');
});

test('a request that is refused in the middle of a stream has its status, also while answers wait', async () => {
  const session = connect(`http://127.0.0.1:${limited.service.publicPort}`);
  onTestFinished(() => session.destroy());
  const stream = session.request(grpcHeaders(REFLECTION[0] ?? ''));
  const listServices = grpcFrame(Buffer.of(0x3a, 1, 0x2a));
  stream.end(Buffer.concat([listServices, listServices, listServices, grpcFrame(Buffer.alloc(5000))]));
  stream.resume();
  const [trailers] = await once(stream, 'trailers');
  expect(trailers).toMatchObject({ 'grpc-status': String(status.INVALID_ARGUMENT) });
});

test('names that nobody has leave nothing when their watch has ended', async () => {
  const watch = async (session: ClientHttp2Session, number: number) => {
    const stream = session.request(grpcHeaders('/grpc.health.v1.Health/Watch'));
    stream.end(grpcFrame(nameOf4000(String(number))));
    await once(stream, 'data');
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
  };
  let watched = 0;
  const memoryAfter = async (connections: number) => {
    for (; connections > 0; connections--) {
      const session = connect(`http://127.0.0.1:${limited.service.publicPort}`);
      // With many more resets the server would end the connection.
      for (let count = 0; count < 250; count++) await watch(session, watched++);
      session.close();
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = await memoryAfter(2);
  // 8 MB of names.
  expect((await memoryAfter(8)) - before).toBeLessThan(4_000_000);
});

test('answers of reflection that nobody reads do not pile up, and each one comes in the end', async () => {
  const session = connect(`http://127.0.0.1:${limited.service.publicPort}`);
  onTestFinished(() => session.destroy());
  const stream = session.request(grpcHeaders(REFLECTION[0] ?? ''));
  // Field 1 is the host, of 1000 bytes; field 7 lists the services.
  const message = Buffer.concat([Buffer.of(0x0a, 0xe8, 0x07), Buffer.alloc(1000, 'x'), Buffer.of(0x3a, 1, 0x2a)]);
  const requests = 2000;
  for (let sent = 0; sent < requests; sent++) stream.write(grpcFrame(message));
  stream.end();
  for (let calls = 0; calls < 50; calls++) expect(await healthOf(limited.service.publicPort)).toBe('SERVING');
  expect(stream.writableLength).toBeGreaterThan(1_000_000);
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(stream, 'end');
  expect(bytes).toBeGreaterThan(requests * 2 * message.length);
});

test('an old connection is replaced without an error, and its call in flight is answered', async () => {
  const controlled = await startControlledService({ MAX_CONNECTION_AGE_MS: '1000' });
  onTestFinished(controlled.stop);
  const session = connect(`http://127.0.0.1:${controlled.service.publicPort}`);
  const goaway = once(session, 'goaway');
  const { held, connections } = holdCalls(controlled);
  const inFlight = controlled.api.getAuthor({ id: 'held' }, { deadlineMs: 30_000 });
  await expect.poll(() => held.length).toBe(1);
  const connectionsUsed = async () => {
    await controlled.api.getAuthor({ id: 'at once' });
    return connections.size;
  };
  await expect.poll(connectionsUsed).toBe(2);
  held[0]?.();
  expect(await inFlight).toMatchObject({ id: 'held' });
  expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
});

test('the call beyond 1000 of one connection waits for another one, and other connections do not', async () => {
  const controlled = await startControlledService({ MAX_CALLS_IN_FLIGHT: String(2 * STREAMS) });
  onTestFinished(controlled.stop);
  const { held } = holdCalls(controlled);
  const session = connect(`http://127.0.0.1:${controlled.service.publicPort}`);
  await once(session, 'remoteSettings');
  const calls = Array.from({ length: STREAMS + 1 }, () => http2Call(session, path));
  await expect.poll(() => held.length).toBe(STREAMS);
  await controlled.api.getAuthor({ id: 'at once' });
  expect(held).toHaveLength(STREAMS);

  held[0]?.();
  await expect.poll(() => held.length).toBe(STREAMS + 1);
  for (const release of held) release();
  for (const { code } of await Promise.all(calls)) expect(code).toBe('OK');
  session.close();
});
