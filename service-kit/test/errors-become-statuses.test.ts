import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { databaseUnavailable, sqlState } from '../src/database/database-errors.js';
import { CallError } from '../src/errors/call-error.js';
import { type Reason, statusOfReason } from '../src/errors/reasons.js';
import { errorDetails, explain, toStatus } from '../src/errors/to-status.js';

/** As a client gets it. */
const received = (error: CallError) => errorDetails(toStatus(error));

describe('details', () => {
  test('of every reason come back as they went', () => {
    for (const reason of Object.keys(statusOfReason) as Reason[]) {
      const error = new CallError(reason, 'what happened', { metadata: { fact: 'a' } });
      expect(toStatus(error)).toMatchObject({ code: statusOfReason[reason], details: 'what happened' });
      expect(received(error)).toEqual({ info: { reason, domain: 'bookstore', metadata: { fact: 'a' } } });
    }
  });

  test('name each bad field', () => {
    const violations = [
      { field: 'name', description: 'is required' },
      { field: 'published_year', description: 'must not be 0' },
    ];
    expect(received(new CallError('INVALID_FIELD', 'bad', { violations })).badRequest?.fieldViolations).toMatchObject(
      violations,
    );
  });

  test('name the resource', () => {
    const error = Object.assign(new CallError('BOOK_NOT_FOUND', 'no such book'), {
      resource: { type: 'bookstore.book.v1.Book', name: '7' },
    });
    expect(received(error).resource).toMatchObject({
      resourceType: 'bookstore.book.v1.Book',
      resourceName: '7',
      description: 'no such book',
    });
  });

  test.each([
    [0, { seconds: 0, nanos: 0 }],
    [100, { seconds: 0, nanos: 100_000_000 }],
    [999.2, { seconds: 1, nanos: 0 }],
    [61_001, { seconds: 61, nanos: 1_000_000 }],
  ])('say to wait %d ms, to programs and to retry policies', (retryAfterMs, retryDelay) => {
    const error = new CallError('RATE_LIMITED', 'too many', { retryAfterMs });
    expect(received(error).retry).toMatchObject({ retryDelay });
    expect(toStatus(error).metadata.get('grpc-retry-pushback-ms')).toEqual([String(Math.ceil(retryAfterMs))]);
  });

  test('of an error without any are none', () => {
    expect(errorDetails({})).toEqual({});
    expect(errorDetails({ metadata: new Metadata() })).toEqual({});
  });
});

describe('an error', () => {
  test('that explains itself is answered so', () => {
    const error = Object.assign(new Error('no'), { reason: 'BOOK_NOT_FOUND' });
    expect(explain(error)).toBe(error);
  });

  test.each([
    ['an error', new Error('SELECT secret FROM authors')],
    ['an error with a reason of its own', Object.assign(new Error('x'), { reason: 'toString' })],
    ['a string', 'SELECT'],
    ['nothing', undefined],
    ['null', null],
    ['what looks like an explained error and is none', { reason: 'BOOK_NOT_FOUND', message: 'SELECT' }],
  ])('that is a bug, such as %s, is INTERNAL and says no more', (_what, error) => {
    const answer = toStatus(explain(error));
    expect(answer).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
    expect(errorDetails(answer)).toEqual({ info: { reason: 'INTERNAL', domain: 'bookstore', metadata: {} } });
    expect((explain(error) as Error).cause).toBe(error);
  });
});

describe('a database that cannot be used is known by', () => {
  const error = (properties: object, message = 'x') => Object.assign(new Error(message), properties);

  test.each([
    ['a refused connection', error({ code: 'ECONNREFUSED' })],
    ['a lost one', error({}, 'Connection terminated unexpectedly')],
    ['a silent one', error({}, 'Query read timeout')],
    ['no connection in time', error({}, 'timeout exceeded when trying to connect')],
    ['a server that shuts down', error({ code: '57P01' })],
    ['a server that starts', error({ code: '57P03' })],
    ['too many connections', error({ code: '53300' })],
    ['a statement that took too long', error({ code: '57014' })],
    ['a full disk', error({ code: '53100' })],
    ['a failed connection by its class', error({ code: '08006' })],
    ["Prisma's code", error({ code: 'P1001' })],
    ["the adapter's kind", error({ cause: { kind: 'DatabaseNotReachable' } })],
    [
      "the driver's error within Prisma's",
      error({ code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '57P01' } } } }),
    ],
    [
      'a cause beneath three layers',
      error({ cause: error({ cause: error({ cause: error({ code: 'ECONNRESET' }) }) }) }),
    ],
  ])('%s', (_what, failure) => {
    expect(databaseUnavailable(failure)).toMatchObject({ reason: 'DATABASE_UNAVAILABLE', cause: failure });
    expect(explain(failure).message).not.toContain('x');
  });

  test.each([
    ['a broken constraint', error({ code: '23505' })],
    ['a wrong statement', error({ code: '42601' })],
    ['a bug', new TypeError('x is not a function')],
    ['nothing at all', undefined],
  ])('not %s', (_what, failure) => {
    expect(databaseUnavailable(failure)).toBeUndefined();
  });

  test('not endlessly by an error that is its own cause', () => {
    const loop = error({});
    loop.cause = loop;
    expect(databaseUnavailable(loop)).toBeUndefined();
  });
});

test('the SQLSTATE is found beneath what wraps it', () => {
  const wrapped = { code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '23505' } } } };
  expect(sqlState(wrapped)).toBe('23505');
  expect(sqlState({ code: 'P2010' })).toBeUndefined();
  expect(sqlState(undefined)).toBeUndefined();
});
