import { spawnSync } from 'node:child_process';
import { Metadata } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { unavailable } from '../src/database/database-errors.js';
import { DomainError } from '../src/errors/domain-error.js';
import { logGrpc, nestLogger, serializeError } from '../src/log/logger.js';
import { RepeatedFailures } from '../src/log/repeated-failures.js';
import { AuditLog } from '../src/server/audit-log.js';
import { StatusExceptionFilter } from '../src/server/exception.filter.js';
import { internalError } from '../src/server/to-status.js';
import { fakeCall } from './fake-call.js';

const QUIET_MS = 200;

/** A logger and its lines. */
function recorded() {
  const lines: Array<Record<string, unknown>> = [];
  const options = { level: 'debug', base: null, timestamp: false as const };
  const logger = pino(options, { write: (line) => lines.push(JSON.parse(line)) });
  return { lines, logger, failures: new RepeatedFailures(logger, QUIET_MS) };
}

describe('a repeated failure', () => {
  test('is logged when it starts, and with its count when it has ended', async () => {
    const { lines, failures } = recorded();
    for (let n = 1; n <= 100; n++) failures.add('the peer is away', { n });
    for (let n = 1; n <= 5; n++) failures.add('the database is away', {});
    expect(lines).toMatchObject([{ level: 40, n: 1, msg: 'the peer is away' }, { msg: 'the database is away' }]);
    await expect
      .poll(() => lines.slice(2))
      .toEqual([
        { level: 30, failures: 100, seconds: 0, msg: 'no more: the peer is away' },
        { level: 30, failures: 5, seconds: 0, msg: 'no more: the database is away' },
      ]);
    failures.add('the peer is away', { n: 101 });
    expect(lines[4]).toMatchObject({ level: 40, n: 101 });
  });

  test('has not ended while it comes back', async () => {
    const { lines, failures } = recorded();
    const startedAt = Date.now();
    const elapsed = () => {
      failures.add('the peer is away', {});
      return Date.now() - startedAt;
    };
    await expect.poll(elapsed, { interval: QUIET_MS / 10 }).toBeGreaterThan(5 * QUIET_MS);
    expect(lines).toHaveLength(1);
    await expect.poll(() => lines[1]).toMatchObject({ seconds: 1 });
  });

  test('of many calls that are UNAVAILABLE is one line with its cause', () => {
    const { lines, logger, failures } = recorded();
    const filter = new StatusExceptionFilter(logger, new AuditLog(logger), failures);
    for (let call = 0; call < 100; call++) filter.catch(unavailable(new Error('connection refused')));
    expect(lines).toMatchObject([{ level: 40, msg: 'calls fail with DATABASE_UNAVAILABLE' }]);
    expect(JSON.stringify(lines)).toContain('connection refused');
  });
});

test('a change that may still happen is audited, with its caller and its id', () => {
  const { lines, logger } = recorded();
  const call = Object.assign(fakeCall(), { identity: { kind: 'user', name: 'librarian' } });
  const id = '01890000-0000-7000-8000-000000000001';
  new AuditLog(logger).failed(call, new DomainError('UNAVAILABLE', 'DELETE_PENDING', 'not yet', { pending: id }));
  const who = { kind: 'user', name: 'librarian' };
  expect(lines).toMatchObject([{ level: 30, audit: 'pending', who, id, outcome: 'DELETE_PENDING' }]);
});

test('of a header that grpc-js refuses only the name is logged, and at debug', () => {
  const { lines, logger } = recorded();
  logGrpc(logger);
  for (const name of ['!x', 'a b', 'x-bad']) Metadata.fromHttp2Headers({ [name]: 'jane@example.com\u0000' });
  expect(lines.length).toBeGreaterThanOrEqual(2);
  for (const line of lines) expect(line).toMatchObject({ level: 20, library: 'grpc-js' });
  expect(JSON.stringify(lines)).not.toContain('jane');
});

test("Nest's Logger writes at its own level, and Nest's own messages only at debug", () => {
  const { lines, logger } = recorded();
  Logger.overrideLogger(nestLogger(logger));
  const own = new Logger('Authors');
  own.log('an event');
  own.warn({ what: 'odd' });
  own.error('broken', new Error('why').stack);
  own.error(new Error('jane@example.com'));
  own.debug('a detail');
  new Logger('InstanceLoader').log('AppModule dependencies initialized');
  Logger.overrideLogger(false);
  expect(lines).toMatchObject([
    { level: 30, context: 'Authors', msg: 'an event' },
    { level: 40, context: 'Authors', msg: '{"what":"odd"}' },
    { level: 50, context: 'Authors', msg: 'broken', stack: expect.stringContaining('Error: why') },
    { level: 50, context: 'Authors', msg: 'an error', err: { message: 'jane@example.com' } },
    { level: 20, context: 'Authors', msg: 'a detail' },
    { level: 20, context: 'InstanceLoader', msg: 'AppModule dependencies initialized' },
  ]);
});

describe('an error in the log', () => {
  test('of the database has its codes and names, without the row in its message', () => {
    const cause = {
      kind: 'postgres',
      originalCode: '23514',
      detail: 'Failing row contains (ursula@example.com)',
    };
    const failure = Object.assign(new Error('Database error. ursula@example.com'), {
      name: 'PrismaClientKnownRequestError',
      code: 'P2039',
      meta: { modelName: 'Author', driverAdapterError: { cause } },
    });
    const serialized = serializeError(internalError(failure));
    expect(serialized).toMatchObject({
      message: 'internal error',
      cause: {
        message: 'database error: code P2039, model Author, kind postgres, sqlState 23514',
        stack: expect.any(String),
      },
    });
    const ofPostgres = Object.assign(new Error('x'), {
      severity: 'ERROR',
      code: '23505',
      detail: 'ursula@example.com',
    });
    expect(JSON.stringify([serialized, serializeError(ofPostgres)])).not.toContain('ursula');
  });

  test('has its message, stack and causes, also when it is its own cause', () => {
    const failure = new Error('outer', { cause: new TypeError('inner') });
    expect(serializeError(failure)).toMatchObject({
      type: 'Error',
      message: 'outer',
      stack: expect.stringContaining('logs.test'),
      cause: { type: 'TypeError', message: 'inner' },
    });
    const loop = new Error('loop');
    loop.cause = new Error('again', { cause: loop });
    expect(serializeError(loop)).toMatchObject({ message: 'loop', cause: { message: 'again' } });
  });
});

test.each([
  ['exits', 'process.exit(3);', 3],
  ['throws', "throw new Error('unforeseen');", 1],
  ['is killed', "setImmediate(() => setImmediate(() => process.kill(process.pid, 'SIGKILL')));", null],
])('a process that %s has written all of its lines', (_, ending, status) => {
  const program = `
    import { createLogger } from '${new URL('../dist/log/logger.js', import.meta.url).href}';
    const log = createLogger('test', 'info');
    for (let number = 0; number < 1000; number++) log.info({ number }, 'a line');
    ${ending}`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  expect(ended.status).toBe(status);
  const lines = ended.stdout.split('\n').filter((line) => line.includes('a line'));
  expect(lines.map((line) => JSON.parse(line).number)).toEqual(Array.from({ length: 1000 }, (__, index) => index));
});
