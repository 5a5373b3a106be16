import { connect } from 'node:http2';
import { AuthorServiceClient } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  http2Call,
  promiseClient,
  startTestService,
} from '@bookstore/sandbox/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { networkOf } from '../src/auth/public-callers.js';
import { DomainError } from '../src/errors/domain-error.js';
import { RateLimiter } from '../src/limits/rate-limiter.js';
import { countingDefinition, METHODS, startSecuredService } from './secured-service.js';

/** How many of these calls pass. */
async function passed(limiter: RateLimiter, caller: string, calls: number): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: calls }, () => limiter.take(caller)));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(DomainError);
  }
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
}

test('a caller has its rate, and a burst beyond it once', async () => {
  const limiter = new RateLimiter(100);
  expect(await passed(limiter, 'a', 1000)).toBe(300);
  expect(await passed(limiter, 'a', 10)).toBe(0);
  expect(await passed(limiter, 'b', 10)).toBe(10);
});

test('beyond the most callers new ones share one limit, until the limit of another one is whole again', async () => {
  const limiter = new RateLimiter(10, 3, 1);
  for (const caller of ['a', 'b', 'c']) expect(await passed(limiter, caller, 1)).toBe(1);
  expect(await passed(limiter, 'd', 20)).toBe(20);
  expect(await passed(limiter, 'e', 20)).toBe(10);
  expect(await passed(limiter, 'a', 29)).toBe(29);
  await expect.poll(() => passed(limiter, 'f', 40), { timeout: 5_000 }).toBe(30);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['2001::2:3:4:5:6', '2001:0:0:2::/64'],
  ['unknown', 'unknown'],
])('the address %s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('a call beyond the rate is RESOURCE_EXHAUSTED with the time to wait; health is not counted', async () => {
  const { url } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  const service = await startTestService(countingDefinition([]), {
    DATABASE_URL: url,
    RATE_LIMIT_PER_SECOND: '5',
  });
  onTestFinished(() => service.stop());
  const session = connect(`http://127.0.0.1:${service.publicPort}`);
  const client = promiseClient(AuthorServiceClient, service.publicPort);

  const answers = await Promise.all(Array.from({ length: 40 }, () => http2Call(session, METHODS[0] as string)));
  expect(answers.filter(({ code }) => code === 'OK').length).toBeLessThanOrEqual(20);
  const failure = await failureOf(Promise.all(Array.from({ length: 20 }, () => client.listAuthors({}))));
  expect(failure).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'RATE_LIMITED' });
  expect(failure.retryAfterMs).toBeGreaterThan(0);
  expect(failure.retryAfterMs).toBeLessThanOrEqual(1000);

  const health = await Promise.all(
    Array.from({ length: 20 }, () => http2Call(session, '/grpc.health.v1.Health/Check')),
  );
  expect(new Set(health.map(({ code }) => code))).toEqual(new Set(['OK']));
  session.close();
  client.close();
});

test('bad tokens are limited by their address, and use up nothing of a caller with a good one', async () => {
  const env = { RATE_LIMIT_PER_SECOND: '5' };
  const secured = await startSecuredService(inject('postgresUrl'), env);
  onTestFinished(secured.stop);
  const good = { authorization: `Bearer ${await secured.issuer.token()}` };
  const call = (headers: Record<string, string>) => http2Call(secured.session, METHODS[0] as string, headers);
  expect((await call(good)).code).toBe('OK');

  const guesses = await Promise.all(
    Array.from({ length: 100 }, (_, index) => call({ authorization: `Bearer a.b.${index}` })),
  );
  expect(guesses.filter(({ reason }) => reason === 'CREDENTIALS_INVALID').length).toBeLessThanOrEqual(20);
  expect(guesses.filter(({ reason }) => reason === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(80);
  expect((await call(good)).code).toBe('OK');
  expect(secured.handled).toHaveLength(2);
});

test('calls that begin at once with one new token count once for their address', async () => {
  const env = { RATE_LIMIT_PER_SECOND: '20' };
  const secured = await startSecuredService(inject('postgresUrl'), env);
  onTestFinished(secured.stop);
  const call = async (subject: string) => {
    const authorization = `Bearer ${await secured.issuer.token({ sub: subject })}`;
    return () => http2Call(secured.session, METHODS[0] as string, { authorization });
  };
  const [many, one] = [await call('many'), await call('one')];
  const burst = await Promise.all(Array.from({ length: 200 }, many));
  expect(burst.map(({ code }) => code)).toContain('RESOURCE_EXHAUSTED');
  expect((await one()).code).toBe('OK');
});
