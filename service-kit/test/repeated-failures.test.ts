import { pino } from 'pino';
import { expect, test } from 'vitest';
import { RepeatedFailures } from '../src/log/repeated-failures.js';

const QUIET_MS = 200;

function recorded() {
  const lines: Array<Record<string, unknown>> = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  return { lines, failures: new RepeatedFailures(logger, QUIET_MS) };
}

test('failures are logged when they start, and with their number when they have ended', async () => {
  const { lines, failures } = recorded();
  for (let n = 1; n <= 100; n++) failures.add('the peer is away', { n });
  expect(lines).toEqual([{ level: 40, n: 1, msg: 'the peer is away' }]);
  await expect.poll(() => lines[1]).toEqual({ level: 30, failures: 100, seconds: 0, msg: 'no more: the peer is away' });

  failures.add('the peer is away', { n: 101 });
  expect(lines[2]).toEqual({ level: 40, n: 101, msg: 'the peer is away' });
  await expect.poll(() => lines[3]).toMatchObject({ failures: 1 });
});

test('they have not ended as long as they come back', async () => {
  const { lines, failures } = recorded();
  const startedAt = Date.now();
  await expect
    .poll(
      () => {
        failures.add('the peer is away', {});
        return Date.now() - startedAt;
      },
      { interval: QUIET_MS / 10 },
    )
    .toBeGreaterThan(5 * QUIET_MS);
  expect(lines).toHaveLength(1);
  await expect.poll(() => lines[1]).toMatchObject({ seconds: 1 });
});

test('each kind is counted by itself', async () => {
  const { lines, failures } = recorded();
  for (let n = 0; n < 3; n++) failures.add('the peer is away', {});
  for (let n = 0; n < 5; n++) failures.add('the database is away', {});
  await expect.poll(() => lines.slice(2)).toMatchObject([{ failures: 3 }, { failures: 5 }]);
});
