import { setTimeout as sleep } from 'node:timers/promises';
import { http2Call } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SecureBookstore, startSecureBookstore } from '../src/client/secure-bookstore.js';

const RATE = 20;
const SECONDS = 10;
const ABUSE = 50;
const BUSY_MS = 300;
const RUNS = 3;
const METHOD = '/bookstore.author.v1.AuthorService/ListAuthors';

let secure: SecureBookstore;
beforeAll(async () => {
  secure = await startSecureBookstore({
    RATE_LIMIT_PER_SECOND: String(RATE),
    RATE_LIMIT_BURST: '0',
    LOG_LEVEL: 'error',
  });
});
afterAll(() => secure?.stop());

/** One caller far above its rate for ten seconds: how many of its calls succeed, and how a normal caller's calls end. */
async function callTooOften() {
  const abuser = { authorization: await secure.authorization(['authors:read'], 'abuser') };
  const normal = { authorization: await secure.authorization(['authors:read'], 'normal') };
  const abuse = secure.session(secure.authorPort);
  const quiet = secure.session(secure.authorPort);
  const start = performance.now();
  const elapsed = () => performance.now() - start;

  let admitted = 0;
  const call = async () => {
    const { code } = await http2Call(abuse, METHOD, abuser);
    // A later response belongs to the seconds after these ten.
    if (code === 'OK' && elapsed() < SECONDS * 1000) admitted++;
  };
  const flood = async () => {
    const pending: Array<Promise<void>> = [];
    while (pending.length < ABUSE * RATE * SECONDS) {
      const due = Math.min((ABUSE * RATE * elapsed()) / 1000, ABUSE * RATE * SECONDS);
      while (pending.length < due) pending.push(call());
      await sleep(20);
    }
    await Promise.all(pending);
  };
  const codes: string[] = [];
  let slowest = 0;
  const beside = async () => {
    while (elapsed() < SECONDS * 1000) {
      const sent = elapsed();
      const { code, message } = await http2Call(quiet, METHOD, normal);
      codes.push(code === 'OK' ? code : `${code}: ${message}`);
      slowest = Math.max(slowest, elapsed() - sent);
      await sleep(1000 / (RATE / 2));
    }
  };
  await Promise.all([flood(), beside()]);
  abuse.close();
  quiet.close();

  console.log(
    `sent ${ABUSE * RATE * SECONDS}, admitted ${admitted} of ${RATE * SECONDS} allowed; ` +
      `${codes.length} calls beside it, slowest ${slowest.toFixed(0)} ms`,
  );
  return { admitted, codes, slowest };
}

test('over ten seconds a caller at fifty times its rate gets the rate, and another caller no error', async () => {
  let { admitted, codes, slowest } = await callTooOften();
  // Where a call takes longer, the machine is busy with something else, and the run says nothing about the limit.
  for (let run = 1; run < RUNS && slowest > BUSY_MS; run++) ({ admitted, codes, slowest } = await callTooOften());
  expect(Math.abs(admitted - RATE * SECONDS) / (RATE * SECONDS)).toBeLessThanOrEqual(0.05);
  expect(new Set(codes)).toEqual(new Set(['OK']));
});
