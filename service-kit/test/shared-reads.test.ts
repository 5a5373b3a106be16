import { expect, test } from 'vitest';
import { type Call, runForCall } from '../src/call/call.js';
import { SharedRead } from '../src/database/shared-read.js';
import { fakeCall } from './fake-call.js';

const ENDED = { name: 'CallEnded', reason: 'CALL_ENDED' };

function cancelledCall(): Call {
  const call = fakeCall();
  call.cancel();
  return call;
}

/** Every id has a row but "none"; the queries are recorded. */
function sharedRead() {
  const queries: (readonly string[])[] = [];
  const shared = new SharedRead(
    ({ id }: { id: string }) => id,
    async (ids: readonly string[]) => {
      queries.push(ids);
      if (ids.includes('broken')) throw new Error('no database');
      const found = ids.filter((id) => id !== 'none').reverse();
      return found.map((id) => ({ id }));
    },
  );
  return { queries, shared };
}

test('reads of one turn share a query, and each gets its own row or none', async () => {
  const { queries, shared } = sharedRead();
  const found = await Promise.all(['a', 'b', 'none', 'a'].map((id) => runForCall(fakeCall(), () => shared.find(id))));
  expect(found).toEqual([{ id: 'a' }, { id: 'b' }, undefined, { id: 'a' }]);
  // A power of two, so that few statements are prepared.
  expect(queries).toEqual([['a', 'b', 'none', 'none']]);
});

test('nothing is cached', async () => {
  const { queries, shared } = sharedRead();
  await shared.find('a');
  await shared.find('a');
  expect(queries).toEqual([['a'], ['a']]);
});

test('reads of calls that have ended are not sent, and the others are', async () => {
  const { queries, shared } = sharedRead();
  const [ended, other] = await Promise.allSettled([
    runForCall(cancelledCall(), () => shared.find('a')),
    runForCall(fakeCall(), () => shared.find('b')),
  ]);
  expect(ended).toMatchObject({ reason: ENDED });
  expect(other).toEqual({ status: 'fulfilled', value: { id: 'b' } });
  await expect(runForCall(cancelledCall(), () => shared.find('a'))).rejects.toMatchObject(ENDED);
  expect(queries).toEqual([['b']]);
});

test('reads fail together with their query, and the next read sends another one', async () => {
  const { shared } = sharedRead();
  const answers = await Promise.allSettled(['broken', 'a'].map((id) => shared.find(id)));
  for (const answer of answers) expect(answer).toMatchObject({ reason: { message: 'no database' } });
  expect(await shared.find('a')).toEqual({ id: 'a' });
});
