import { errorDetails } from '@bookstore/sandbox/testing';
import { Metadata, status } from '@grpc/grpc-js';
import { NotFoundException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { describe, expect, test } from 'vitest';
import { CallEnded } from '../src/call/call.js';
import { answerLost, databaseUnavailable, sqlState } from '../src/database/database-errors.js';
import { databaseProblem } from '../src/database/session.js';
import { DomainError, type ErrorDetails } from '../src/errors/domain-error.js';
import { isBug, toStatus } from '../src/server/to-status.js';

const failure = (details: ErrorDetails = {}) => new DomainError('NOT_FOUND', 'BOOK_NOT_FOUND', 'no such book', details);
/** An error of a library with these properties. */
const error = (properties: object, message = 'x') => Object.assign(new Error(message), properties);
/** An error as Prisma wraps one of the driver. */
const wrapped = (code: string, cause: object) => error({ code, meta: { driverAdapterError: { cause } } });

test('a DomainError has its status, reason, fields and resource', () => {
  const violations = [
    { field: 'name', description: 'is required' },
    { field: 'published_year', description: 'must not be 0' },
  ];
  const resource = { type: 'bookstore.book.v1.Book', name: '7' };
  const answer = toStatus(failure({ metadata: { fact: 'a' }, violations, resource }));
  expect(answer).toMatchObject({ code: status.NOT_FOUND, details: 'no such book' });
  expect(errorDetails(answer)).toMatchObject({
    info: { reason: 'BOOK_NOT_FOUND', domain: 'bookstore', metadata: { fact: 'a' } },
    badRequest: { fieldViolations: violations },
    resource: { resourceType: resource.type, resourceName: '7', description: 'no such book' },
  });
  expect(errorDetails({ metadata: new Metadata() })).toEqual({});
});

test.each([
  ['DEADLINE_EXCEEDED', 0],
  ['CANCELLED', Number.POSITIVE_INFINITY],
] as const)('the end of its own call is %s, without details', (code, deadline) => {
  const answer = toStatus(new CallEnded({ deadline }));
  expect(answer.code).toBe(status[code]);
  expect(errorDetails(answer).info).toBeUndefined();
});

test.each([
  [0, { seconds: 0, nanos: 0 }],
  [100, { seconds: 0, nanos: 100_000_000 }],
  [999.2, { seconds: 1, nanos: 0 }],
  [61_001, { seconds: 61, nanos: 1_000_000 }],
])('the time to wait of %d ms is there for programs and for retry policies', (retryAfterMs, retryDelay) => {
  const answer = toStatus(failure({ retryAfterMs }));
  expect(errorDetails(answer).retry).toMatchObject({ retryDelay });
  expect(answer.metadata.get('grpc-retry-pushback-ms')).toEqual([String(Math.ceil(retryAfterMs))]);
});

test.each([
  [{ code: status.ABORTED, message: 'again' }, status.ABORTED, 'again'],
  [{ code: status.ABORTED, details: 'again' }, status.ABORTED, 'again'],
  ['Forbidden resource', status.UNKNOWN, 'Forbidden resource'],
  [{ status: 'error', message: 'x' }, status.UNKNOWN, 'x'],
  [{ code: 99, message: 'x' }, status.UNKNOWN, 'x'],
])('RpcException(%j) keeps its code and message', (given, code, details) => {
  expect(toStatus(new RpcException(given))).toMatchObject({ code, details });
});

test.each([
  ['an error', new Error('SELECT secret FROM authors')],
  ['an HttpException', new NotFoundException('secret')],
  ['a string', 'SELECT'],
  ['undefined', undefined],
  ['null', null],
  ['an object like a DomainError', { reason: 'BOOK_NOT_FOUND', code: 5, message: 'SELECT' }],
])('%s is INTERNAL with a fixed message', (_what, bug) => {
  const answer = toStatus(bug);
  expect(isBug(bug)).toBe(true);
  expect(answer).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
  expect(errorDetails(answer)).toEqual({ info: { reason: 'INTERNAL', domain: 'bookstore', metadata: {} } });
});

describe('the database is unavailable at', () => {
  test.each([
    ['a refused connection', error({ code: 'ECONNREFUSED' })],
    ['a Unix socket that is gone', error({ code: 'ENOENT' }, 'connect ENOENT /run/postgresql/.s.PGSQL.5432')],
    ['a missing password', error({}, 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')],
    ['a prepared statement whose columns changed', error({ code: '0A000' })],
    ['a lost connection', error({}, 'Connection terminated unexpectedly')],
    ['a frozen database', error({}, 'Query read timeout')],
    ['no connection in time', error({}, 'timeout exceeded when trying to connect')],
    ['a shutdown', error({ code: '57P01' })],
    ['too many connections', error({ code: '53300' })],
    ['a statement timeout', error({ code: '57014' })],
    ['a standby', error({ code: '25006' })],
    ['a deadlock', error({ code: '40P01' })],
    ['a serialization failure', error({ code: 'P2034' })],
    ['a transaction timeout', error({ code: 'P2028' })],
    ['a connection failure by its class', error({ code: '08006' })],
    ["a kind of Prisma's adapter", error({ cause: { kind: 'DatabaseNotReachable' } })],
    ["an error of the driver in Prisma's", wrapped('P2010', { originalCode: '57P01' })],
    ['a cause under other causes', error({ cause: error({ cause: error({ code: 'ECONNRESET' }) }) })],
  ])('%s', (_what, cause) => {
    expect(databaseUnavailable(cause)).toMatchObject({ reason: 'DATABASE_UNAVAILABLE', cause });
    expect(toStatus(cause).details).not.toContain('x');
  });

  test('no other error', () => {
    const loop = error({});
    loop.cause = loop;
    const missingFile = error({ code: 'ENOENT' }, "ENOENT: no such file or directory, open '/x'");
    for (const other of [
      error({ code: '23505' }),
      missingFile,
      new TypeError('x is not a function'),
      undefined,
      loop,
    ]) {
      expect(databaseUnavailable(other)).toBeUndefined();
    }
  });
});

test('the problem of a database is one line, also for a host name with several addresses', () => {
  const refused = error({ code: 'ECONNREFUSED' }, 'connect ECONNREFUSED ::1:5432');
  expect(databaseProblem(Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' }))).toBe(refused.message);
  expect(databaseProblem(error({ code: 'ECONNRESET' }, ''))).toBe('ECONNRESET');
  expect(databaseProblem('odd')).toBe('odd');
});

test('the SQLSTATE is found in wrapped errors', () => {
  expect(sqlState(wrapped('P2010', { originalCode: '23505' }))).toBe('23505');
  expect(sqlState({ code: 'P2010' })).toBeUndefined();
  expect(sqlState(undefined)).toBeUndefined();
});

test.each([
  [true, 'the connection ended', error({}, 'Connection terminated unexpectedly')],
  [true, 'the connection was reset', error({ cause: { kind: 'ConnectionClosed' } })],
  [true, 'it did not come in time', error({}, 'Query read timeout')],
  [true, 'the server shut down', wrapped('P2010', { originalCode: '57P01' })],
  [false, 'the database could not be reached', wrapped('P1001', { kind: 'DatabaseNotReachable' })],
  [false, 'there was no connection in time', error({}, 'timeout exceeded when trying to connect')],
  [false, 'connecting took too long', error({}, 'Connection terminated due to connection timeout')],
  [
    false,
    'no transaction could begin',
    error({ code: 'P2028' }, 'x: Unable to start a transaction in the given time.'),
  ],
  [false, 'the statement was refused', wrapped('P2010', { originalCode: '57014' })],
  [false, 'it is a bug', new TypeError('x is not a function')],
])('that the answer is lost is %s when %s', (lost, _what, cause) => {
  expect(answerLost(cause)).toBe(lost);
});
