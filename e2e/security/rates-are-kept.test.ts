import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { http2Call } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SecureBookstore, startSecureBookstore } from './secure-bookstore.js';

const RATE = 50;
const SECONDS = 10;
const METHOD = '/bookstore.author.v1.AuthorService/GetAuthor';

let secure: SecureBookstore;
beforeAll(async () => {
  secure = await startSecureBookstore({
    RATE_LIMIT_PER_SECOND: String(RATE),
    RATE_LIMIT_BURST: '0',
    LOG_LEVEL: 'error',
  });
});
afterAll(() => secure?.stop());

test('over ten seconds an abuser at fifty times the rate gets the rate, and a caller beside it no error', async () => {
  const abuser = { authorization: await secure.authorization(['authors:read'], 'abuser') };
  const normal = { authorization: await secure.authorization(['authors:read'], 'normal') };
  const abuse = secure.session(secure.authorPort);
  const quiet = secure.session(secure.authorPort);
  const isThrottled = async (session: typeof abuse, headers: Record<string, string>) =>
    (await http2Call(session, METHOD, headers)).code === 'RESOURCE_EXHAUSTED';

  let admitted = 0;
  let sent = 0;
  const errors: boolean[] = [];
  const until = performance.now() + SECONDS * 1000;
  const interval = 20;
  const flood = async () => {
    const pending: Array<Promise<void>> = [];
    while (performance.now() < until) {
      for (let index = 0; index < (50 * RATE * interval) / 1000; index++) {
        sent++;
        pending.push(
          isThrottled(abuse, abuser).then((throttled) => {
            if (!throttled) admitted++;
          }),
        );
      }
      await sleep(interval);
    }
    await Promise.all(pending);
  };
  const beside = async () => {
    while (performance.now() < until) {
      errors.push(await isThrottled(quiet, normal));
      await sleep(1000 / (RATE / 2));
    }
  };
  await Promise.all([flood(), beside()]);
  abuse.close();
  quiet.close();

  console.log(`sent ${sent}, admitted ${admitted} of ${RATE * SECONDS} allowed; ${errors.length} calls beside it`);
  expect(sent).toBeGreaterThan(10 * RATE * SECONDS);
  expect(Math.abs(admitted - RATE * SECONDS) / (RATE * SECONDS)).toBeLessThanOrEqual(0.05);
  expect(errors.length).toBeGreaterThan(0);
  expect(errors).not.toContain(true);
});

test('a million callers cost no more than 64 MiB', () => {
  // In a process of its own, and what is kept: how much of its garbage V8 leaves lying is up to V8.
  const script = `
    const { RateLimit } = await import(process.argv[1]);
    const limit = new RateLimit({ RATE_LIMIT_PER_SECOND: 500, RATE_LIMIT_BURST: 1000, RATE_LIMIT_MAX_IDENTITIES: 50000 });
    gc();
    const before = process.memoryUsage();
    let refused = 0;
    for (let caller = 0; caller < 1_000_000; caller++) await limit.take('caller-' + caller).catch(() => refused++);
    gc();
    const after = process.memoryUsage();
    console.log(JSON.stringify({ heap: after.heapUsed - before.heapUsed, rss: after.rss - before.rss, refused }));
    process.exit();`;
  const module = new URL('../../service-kit/dist/limits/rate-limit.js', import.meta.url).href;
  const args = ['--expose-gc', '--input-type=module', '--eval', script, module];
  const { heap, rss, refused } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  console.log(
    `heap ${(heap / 2 ** 20).toFixed(1)} MiB, resident ${(rss / 2 ** 20).toFixed(1)} MiB, refused ${refused}`,
  );
  expect(heap).toBeLessThanOrEqual(64 * 2 ** 20);
});
