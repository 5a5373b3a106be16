import { expect, test } from 'vitest';
import { type Call, runForCall } from '../src/call/call.js';
import { SharedRead } from '../src/database/shared-read.js';

const idOf = ({ id }: { id: string }) => id;

/** A call that ends when the test says so. */
function startCall(): Call & { end(): void } {
  const controller = new AbortController();
  return {
    method: '/bookstore.author.v1.AuthorService/GetAuthor',
    requestId: 'test',
    identity: { kind: 'anonymous', name: 'test' },
    deadline: Number.POSITIVE_INFINITY,
    get ended() {
      return controller.signal.aborted;
    },
    signal: controller.signal,
    end: () => controller.abort(),
  };
}

function endedCall(): Call {
  const call = startCall();
  call.end();
  return call;
}

const ENDED = { name: 'CallEnded', reason: 'CALL_ENDED' };

/** Every id has a row but "none"; what was asked for is noted. */
function reads() {
  const queries: (readonly string[])[] = [];
  const shared = new SharedRead(idOf, async (ids: readonly string[]) => {
    queries.push(ids);
    if (ids.includes('broken')) throw new Error('no database');
    return ids
      .filter((id) => id !== 'none')
      .reverse()
      .map((id) => ({ id }));
  });
  return { queries, shared };
}

test('reads of one turn share a query, and each gets its own row or none', async () => {
  const { queries, shared } = reads();
  const found = await Promise.all(['a', 'b', 'none', 'a'].map((id) => runForCall(startCall(), () => shared.find(id))));
  expect(found).toEqual([{ id: 'a' }, { id: 'b' }, undefined, { id: 'a' }]);
  // As many keys as the next power of two, so that few statements are prepared.
  expect(queries).toEqual([['a', 'b', 'none', 'none']]);
});

test('nothing is cached: reads are asked anew each time', async () => {
  const { queries, shared } = reads();
  await shared.find('a');
  await shared.find('a');
  expect(queries).toEqual([['a'], ['a']]);
});

test('reads of calls that have ended ask for nothing, and leave the others alone', async () => {
  const { queries, shared } = reads();
  const [ended, other, unborn] = await Promise.allSettled([
    runForCall(endedCall(), () => shared.find('a')),
    runForCall(startCall(), () => shared.find('b')),
    runForCall(endedCall(), () => shared.find('b')),
  ]);
  expect(ended).toMatchObject({ reason: ENDED });
  expect(other).toEqual({ status: 'fulfilled', value: { id: 'b' } });
  expect(unborn.status === 'fulfilled' || unborn.reason.reason === 'CALL_ENDED').toBe(true);
  expect(queries).toEqual([['b']]);

  await expect(runForCall(endedCall(), () => shared.find('a'))).rejects.toMatchObject(ENDED);
  expect(queries).toHaveLength(1);
});

test('reads fail together with their query, and the next one is asked again', async () => {
  const { shared } = reads();
  const answers = await Promise.allSettled(['broken', 'a'].map((id) => shared.find(id)));
  for (const answer of answers) expect(answer).toMatchObject({ reason: { message: 'no database' } });
  expect(await shared.find('a')).toEqual({ id: 'a' });
});
