import { connect } from 'node:http2';
import { AuthorServiceClient } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  http2Call,
  promiseClient,
  startTestService,
} from '@bookstore/sandbox/testing';
import { afterEach, expect, inject, test } from 'vitest';
import { DomainError } from '../src/errors/domain-error.js';
import { callerNetwork, RateLimiter } from '../src/limits/rate-limiter.js';
import { countingDefinition, METHODS, startSecuredService } from './secured-service.js';

let stop: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of stop.reverse()) await end();
  stop = [];
});

const limitOf = (rate: number, burst: number, names = 50_000) => new RateLimiter(rate, burst, names);

/** How many of these calls pass. */
async function passed(limit: RateLimiter, name: string, calls: number): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: calls }, () => limit.take(name)));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(DomainError);
  }
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
}

test('a caller has its rate, and a burst beyond it once', async () => {
  const limit = limitOf(100, 50);
  expect(await passed(limit, 'a', 1000)).toBe(150);
  expect(await passed(limit, 'a', 10)).toBe(0);
});

test('callers do not use up the calls of others', async () => {
  const limit = limitOf(10, 0);
  expect(await passed(limit, 'abuser', 1000)).toBe(10);
  expect(await passed(limit, 'other', 10)).toBe(10);
});

test('beyond the callers that are told apart, newcomers share one limit, and the others keep theirs', async () => {
  const limit = limitOf(10, 0, 3);
  for (const name of ['a', 'b', 'c']) expect(await passed(limit, name, 1)).toBe(1);
  expect(await passed(limit, 'd', 6)).toBe(6);
  expect(await passed(limit, 'e', 6)).toBe(4);
  expect(await passed(limit, 'a', 9)).toBe(9);
});

test('a caller is forgotten once its limit is whole again', async () => {
  const limit = limitOf(10, 0, 1);
  expect(await passed(limit, 'a', 1)).toBe(1);
  // Newcomers share one limit as long as a is remembered, a second.
  expect(await passed(limit, 'b', 11)).toBe(10);
  await expect.poll(() => passed(limit, 'c', 1), { timeout: 5_000 }).toBe(1);
  await expect.poll(async () => (await passed(limit, 'd', 10)) > 0).toBe(true);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:DB8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['unknown', 'unknown'],
])('the address %s counts as %s', (address, network) => {
  expect(callerNetwork(address)).toBe(network);
});

test('a call beyond the rate is RESOURCE_EXHAUSTED and told when to come again; health is not counted', async () => {
  const { url } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  const service = await startTestService(countingDefinition([]), {
    DATABASE_URL: url,
    RATE_LIMIT_PER_SECOND: '5',
    RATE_LIMIT_BURST: '0',
  });
  const session = connect(`http://127.0.0.1:${service.publicPort}`);
  const client = promiseClient(AuthorServiceClient, service.publicPort);
  stop.push(service.stop, () => session.close(), client.close);

  const answers = await Promise.all(Array.from({ length: 20 }, () => http2Call(session, METHODS[0] as string)));
  expect(answers.filter(({ code }) => code === 'OK').length).toBeLessThanOrEqual(10);
  const refused = answers.find(({ code }) => code === 'RESOURCE_EXHAUSTED');
  expect(refused).toMatchObject({ reason: 'RATE_LIMITED' });
  expect(Number(refused?.headers['grpc-retry-pushback-ms'])).toBeGreaterThan(0);

  const failure = await failureOf(Promise.all(Array.from({ length: 20 }, () => client.listAuthors({}))));
  expect(failure).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'RATE_LIMITED' });
  expect(failure.retryAfterMs).toBeGreaterThan(0);
  expect(failure.retryAfterMs).toBeLessThanOrEqual(1000);

  const health = await Promise.all(
    Array.from({ length: 20 }, () => http2Call(session, '/grpc.health.v1.Health/Check')),
  );
  expect(new Set(health.map(({ code }) => code))).toEqual(new Set(['OK']));
});

test('whoever guesses tokens is held to a rate, and does not hold up a caller from the same address', async () => {
  const secured = await startSecuredService(inject('postgresUrl'), {
    RATE_LIMIT_PER_SECOND: '5',
    RATE_LIMIT_BURST: '0',
  });
  stop.push(secured.stop);
  const good = { authorization: `Bearer ${await secured.issuer.token()}` };
  const call = (headers: Record<string, string>) => http2Call(secured.session, METHODS[0] as string, headers);
  expect((await call(good)).code).toBe('OK');

  const guesses = await Promise.all(
    Array.from({ length: 100 }, (_, index) => call({ authorization: `Bearer a.b.${index}` })),
  );
  expect(guesses.filter(({ reason }) => reason === 'CREDENTIALS_INVALID').length).toBeLessThanOrEqual(10);
  expect(guesses.filter(({ reason }) => reason === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(90);
  expect((await call(good)).code).toBe('OK');
  expect(secured.handled).toHaveLength(2);
});
