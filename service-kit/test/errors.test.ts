import { Metadata, status } from '@grpc/grpc-js';
import { NotFoundException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { describe, expect, test } from 'vitest';
import { answerLost, databaseUnavailable, sqlState } from '../src/database/database-errors.js';
import { databaseProblem } from '../src/database/session.js';
import { DomainError, type ErrorDetails } from '../src/errors/domain-error.js';
import { errorDetails, isBug, toStatus } from '../src/server/to-status.js';

const failure = (details: ErrorDetails = {}) => new DomainError('NOT_FOUND', 'BOOK_NOT_FOUND', 'no such book', details);
/** As a client receives it. */
const received = (error: DomainError) => errorDetails(toStatus(error));

describe('details', () => {
  test('come back as they went, with the status that the error names', () => {
    const error = failure({ metadata: { fact: 'a' } });
    expect(toStatus(error)).toMatchObject({ code: status.NOT_FOUND, details: 'no such book' });
    expect(received(error)).toEqual({
      info: { reason: 'BOOK_NOT_FOUND', domain: 'bookstore', metadata: { fact: 'a' } },
    });
  });

  test('name each bad field', () => {
    const violations = [
      { field: 'name', description: 'is required' },
      { field: 'published_year', description: 'must not be 0' },
    ];
    expect(received(failure({ violations })).badRequest?.fieldViolations).toMatchObject(violations);
  });

  test('name the resource', () => {
    const error = failure({ resource: { type: 'bookstore.book.v1.Book', name: '7' } });
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
    const error = failure({ retryAfterMs });
    expect(received(error).retry).toMatchObject({ retryDelay });
    expect(toStatus(error).metadata.get('grpc-retry-pushback-ms')).toEqual([String(Math.ceil(retryAfterMs))]);
  });

  test('of an error without any are none', () => {
    expect(errorDetails({})).toEqual({});
    expect(errorDetails({ metadata: new Metadata() })).toEqual({});
  });
});

describe('an error', () => {
  class BookNotFound extends DomainError {}

  test('of a domain keeps its name, its cause and its status', () => {
    const cause = new Error('why');
    const error = new BookNotFound('NOT_FOUND', 'BOOK_NOT_FOUND', 'no', { cause });
    expect(error).toMatchObject({ name: 'BookNotFound', cause });
    expect(isBug(error)).toBe(false);
  });

  test.each([
    [
      { code: status.ABORTED, message: 'again' },
      { code: status.ABORTED, details: 'again' },
    ],
    [
      { code: status.ABORTED, details: 'again' },
      { code: status.ABORTED, details: 'again' },
    ],
    ['Forbidden resource', { code: status.UNKNOWN, details: 'Forbidden resource' }],
    [
      { status: 'error', message: 'x' },
      { code: status.UNKNOWN, details: 'x' },
    ],
    [
      { code: 99, message: 'x' },
      { code: status.UNKNOWN, details: 'x' },
    ],
  ])('of Nest, RpcException(%j), keeps its code and message', (given, expected) => {
    expect(toStatus(new RpcException(given))).toMatchObject(expected);
  });

  test.each([
    ['an error', new Error('SELECT secret FROM authors')],
    ['an HttpException', new NotFoundException('secret')],
    ['a string', 'SELECT'],
    ['nothing', undefined],
    ['null', null],
    ['what looks like a domain error and is none', { reason: 'BOOK_NOT_FOUND', code: 5, message: 'SELECT' }],
  ])('that is a bug, such as %s, is INTERNAL and says no more', (_what, error) => {
    const answer = toStatus(error);
    expect(isBug(error)).toBe(true);
    expect(answer).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
    expect(errorDetails(answer)).toEqual({ info: { reason: 'INTERNAL', domain: 'bookstore', metadata: {} } });
  });
});

describe('a database that cannot be used is known by', () => {
  const error = (properties: object, message = 'x') => Object.assign(new Error(message), properties);

  test.each([
    ['a refused connection', error({ code: 'ECONNREFUSED' })],
    ['a Unix socket that is gone', error({ code: 'ENOENT' }, 'connect ENOENT /run/postgresql/.s.PGSQL.5432')],
    ['a password that is missing', error({}, 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')],
    ['a statement that was prepared before a column changed', error({ code: '0A000' })],
    ['a lost one', error({}, 'Connection terminated unexpectedly')],
    ['a silent one', error({}, 'Query read timeout')],
    ['no connection in time', error({}, 'timeout exceeded when trying to connect')],
    ['a server that shuts down', error({ code: '57P01' })],
    ['a server that starts', error({ code: '57P03' })],
    ['too many connections', error({ code: '53300' })],
    ['a statement that took too long', error({ code: '57014' })],
    ['a read-only one, such as a standby', error({ code: '25006' })],
    ['a deadlock', error({ code: '40P01' })],
    ['a serialization failure', error({ code: 'P2034' })],
    ['a transaction that took too long', error({ code: 'P2028' })],
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
    expect(toStatus(failure).details).not.toContain('x');
  });

  test.each([
    ['a broken constraint', error({ code: '23505' })],
    ['a wrong statement', error({ code: '42601' })],
    ['a file that is not there', error({ code: 'ENOENT' }, "ENOENT: no such file or directory, open '/x'")],
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

test('what is wrong with a database is a line, also where a name has several addresses', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' });
  expect(databaseProblem(Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' }))).toBe(refused.message);
  expect(databaseProblem(Object.assign(new Error(''), { code: 'ECONNRESET' }))).toBe('ECONNRESET');
  expect(databaseProblem('odd')).toBe('odd');
});

test('the SQLSTATE is found beneath what wraps it', () => {
  const wrapped = { code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '23505' } } } };
  expect(sqlState(wrapped)).toBe('23505');
  expect(sqlState({ code: 'P2010' })).toBeUndefined();
  expect(sqlState(undefined)).toBeUndefined();
});

describe('the answer to a statement', () => {
  const error = (properties: object, message = 'x') => Object.assign(new Error(message), properties);
  const raw = (originalCode: string) =>
    error({ code: 'P2010', meta: { driverAdapterError: { cause: { originalCode } } } });

  test.each([
    ['the connection ended', error({}, 'Connection terminated unexpectedly')],
    ['the connection was reset', error({ cause: { kind: 'ConnectionClosed' } })],
    ['it did not come in time', error({}, 'Query read timeout')],
    ['the server shut down', raw('57P01')],
  ])('is lost when %s', (_what, failure) => {
    expect(answerLost(failure)).toBe(true);
  });

  test.each([
    [
      'the database could not be reached',
      error({ code: 'P1001', meta: { driverAdapterError: { cause: { kind: 'DatabaseNotReachable' } } } }),
    ],
    ['there was no connection in time', error({}, 'timeout exceeded when trying to connect')],
    ['connecting took too long', error({}, 'Connection terminated due to connection timeout')],
    [
      'no transaction could begin',
      error({ code: 'P2028' }, 'Transaction API error: Unable to start a transaction in the given time.'),
    ],
    ['there were too many connections', error({ code: 'P2037' })],
    ['the database refused the statement', raw('57014')],
    ['of a bug', new TypeError('x is not a function')],
  ])('is not lost when %s', (_what, failure) => {
    expect(answerLost(failure)).toBe(false);
  });
});
