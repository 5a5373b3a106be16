import { once } from 'node:events';
import { constants } from 'node:http2';
import { type Author, AuthorServiceService } from '@bookstore/proto';
import { failureOf, healthOf, http2Call, rawCall } from '@bookstore/sandbox/testing';
import { currentCall } from '@bookstore/service-kit';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { type ControlledService, someone, startControlledService } from './controlled-service.js';
import { REFLECTION, startSecuredService } from './secured-service.js';

const LIMIT = 4;

let controlled: ControlledService;
beforeAll(async () => {
  controlled = await startControlledService({ MAX_CALLS_IN_FLIGHT: String(LIMIT) });
});
afterAll(async () => {
  controlled?.api.close();
  await controlled?.service.stop();
});
afterEach(() => {
  controlled.handler = someone;
});

/** Handlers that wait until they are let go. */
function holdCalls() {
  const waiting: Array<() => void> = [];
  controlled.handler = (request) => new Promise((resolve) => waiting.push(() => resolve(someone(request))));
  const letGo = () => {
    for (const go of waiting.splice(0)) go();
  };
  return { count: () => waiting.length, letGo };
}

const metadata = (entries: readonly (readonly [string, string])[]) => {
  const made = new Metadata();
  for (const [key, value] of entries) made.add(key, key.endsWith('-bin') ? Buffer.from(value) : value);
  return made;
};

describe('the call beyond the limit of calls in flight', () => {
  test('is refused at once, and told when to come again; health is not', async () => {
    const held = holdCalls();
    const calls = Array.from({ length: LIMIT }, () => controlled.api.getAuthor({ id: '1' }));
    await expect.poll(held.count).toBe(LIMIT);

    expect(await failureOf(controlled.api.getAuthor())).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'OVERLOADED',
      domain: 'bookstore',
      retryAfterMs: 100,
    });
    expect(await healthOf(controlled.service.publicPort)).toBe('SERVING');
    held.letGo();
    expect(await Promise.all(calls)).toHaveLength(LIMIT);
    controlled.handler = someone;
    await controlled.api.getAuthor();
  });

  test('finds room once a caller has gone away', async () => {
    const held = holdCalls();
    const gone = new AbortController();
    const calls = Array.from({ length: LIMIT }, () =>
      failureOf(controlled.api.getAuthor({ id: '1' }, { signal: gone.signal })),
    );
    await expect.poll(held.count).toBe(LIMIT);
    gone.abort();
    for (const failure of await Promise.all(calls)) expect(failure.code).toBe('CANCELLED');

    controlled.handler = someone;
    await expect.poll(() => controlled.api.getAuthor().catch(({ details }) => details)).toHaveProperty('name');
  });
});

describe('metadata beyond the limit is refused', () => {
  test.each([
    ['in one value', [['x-long', 'x'.repeat(16_384)]]],
    ['in many keys', Array.from({ length: 60 }, (_, i) => [`x-key-${i}`, 'x'.repeat(300)] as const)],
    ['in many values of one key', Array.from({ length: 60 }, () => ['x-same', 'x'.repeat(300)] as const)],
    ['in many binary values of one key', Array.from({ length: 60 }, () => ['x-same-bin', 'x'.repeat(300)] as const)],
  ] as const)('%s', async (_where, entries) => {
    expect(await failureOf(controlled.api.getAuthor({ id: '1' }, { metadata: metadata(entries) }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      fields: { metadata: 'must be at most 16384 bytes' },
    });
    await controlled.api.getAuthor();
  });
});

describe('a request id', () => {
  test.each([
    ['of the caller is kept', 'abc-1:2.3_Z', 'abc-1:2.3_Z'],
    ['that is not fit for a log line is replaced', 'a"b{}', undefined],
    ['that is too long is replaced', 'x'.repeat(129), undefined],
  ])('%s', async (_which, given, kept) => {
    let seen: string | undefined;
    controlled.handler = () => {
      seen = currentCall()?.requestId;
      throw new Error('a bug');
    };
    const failure = await failureOf(controlled.api.getAuthor({}, { metadata: metadata([['x-request-id', given]]) }));
    expect(failure.requestId).toBe(seen);
    if (kept) expect(seen).toBe(kept);
    else expect(seen).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('a bug is INTERNAL, and its caller learns no more than that', async () => {
  for (const bug of [
    () => {
      throw new Error('SELECT secret');
    },
    () => Promise.reject(new TypeError('secret is undefined')),
    () => Promise.reject('secret'),
    () => Promise.reject(undefined),
    () => undefined as unknown as Author, // which cannot be encoded
  ]) {
    controlled.handler = bug;
    const failure = await failureOf(controlled.api.getAuthor());
    expect(failure).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL', message: 'internal error' });
    expect(JSON.stringify(failure)).not.toContain('secret');
  }
});

test('streams that are reset while their token is verified take no place', async () => {
  const { issuer, session, stop } = await startSecuredService(inject('postgresUrl'), { MAX_CALLS_IN_FLIGHT: '4' });
  onTestFinished(stop);
  const [path] = REFLECTION;
  for (let count = 0; count < 20; count++) {
    const authorization = `Bearer ${await issuer.token()}`;
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization,
    });
    stream.on('error', () => {});
    setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
    await once(stream, 'close');
  }
  const authorization = `Bearer ${await issuer.token()}`;
  await expect.poll(async () => (await http2Call(session, path as string, { authorization })).code).toBe('OK');
});

test('bytes that do not parse reach no handler and take no place', async () => {
  let handled = 0;
  controlled.handler = (request) => {
    handled++;
    return someone(request);
  };
  const { path } = AuthorServiceService.getAuthor;
  await Promise.all(
    Array.from({ length: 5 * LIMIT }, async () => {
      const failure = await failureOf(rawCall(controlled.service.publicPort, path, Uint8Array.of(0x0a, 9)));
      expect(['MALFORMED_MESSAGE', 'OVERLOADED']).toContain(failure.reason);
    }),
  );
  expect(handled).toBe(0);
  await controlled.api.getAuthor();
});
