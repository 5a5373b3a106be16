import { createServiceDatabase, startDatabaseProxy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Call, currentCall, runForCall } from '../src/call/call.js';
import { BatchedReads } from '../src/database/batched-reads.js';
import { CallAwarePool } from '../src/database/call-aware-pool.js';
import { prepared } from '../src/database/statement.js';
import { transaction } from '../src/database/transaction.js';

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

describe('reads by id', () => {
  /** Every id has a row but "none"; what was asked for is noted. */
  function reads() {
    const queries: (readonly string[])[] = [];
    const batched = new BatchedReads(async (ids: readonly string[]) => {
      queries.push(ids);
      if (ids.includes('broken')) throw new Error('no database');
      return ids
        .filter((id) => id !== 'none')
        .reverse()
        .map((id) => ({ id }));
    });
    return { queries, batched };
  }

  test('that meet share a query, and each gets its own row or none', async () => {
    const { queries, batched } = reads();
    const found = await Promise.all(
      ['a', 'b', 'none', 'a'].map((id) => runForCall(startCall(), () => batched.read(id))),
    );
    expect(found).toEqual([{ id: 'a' }, { id: 'b' }, undefined, { id: 'a' }]);
    expect(queries).toEqual([['a', 'b', 'none']]);
  });

  test('go on while one of those who share the query still waits', async () => {
    const calls = [startCall(), startCall()] as const;
    const seen: unknown[] = [];
    const batched = new BatchedReads(async (ids: readonly string[]) => {
      calls[0].end();
      seen.push(currentCall()?.ended ?? false);
      return ids.map((id) => ({ id }));
    });
    await Promise.all(calls.map((call, i) => runForCall(call, () => batched.read(String(i)))));
    expect(seen).toEqual([false]);
  });

  test('are asked anew each time', async () => {
    const { queries, batched } = reads();
    await batched.read('a');
    await batched.read('a');
    expect(queries).toEqual([['a'], ['a']]);
  });

  test('of calls that have ended ask for nothing, and leave the others alone', async () => {
    const { queries, batched } = reads();
    const [ended, other, unborn] = await Promise.allSettled([
      runForCall(endedCall(), () => batched.read('a')),
      runForCall(startCall(), () => batched.read('b')),
      runForCall(endedCall(), () => batched.read('b')),
    ]);
    expect(ended).toMatchObject({ reason: ENDED });
    expect(other).toEqual({ status: 'fulfilled', value: { id: 'b' } });
    expect(unborn.status === 'fulfilled' || unborn.reason.reason === 'CALL_ENDED').toBe(true);
    expect(queries).toEqual([['b']]);

    await expect(runForCall(endedCall(), () => batched.read('a'))).rejects.toMatchObject(ENDED);
    expect(queries).toHaveLength(1);
  });

  test('fail together with their query, and the next one is asked again', async () => {
    const { batched } = reads();
    const answers = await Promise.allSettled(['broken', 'a'].map((id) => batched.read(id)));
    for (const answer of answers) expect(answer).toMatchObject({ reason: { message: 'no database' } });
    expect(await batched.read('a')).toEqual({ id: 'a' });
  });
});

describe('a pool of one connection', () => {
  let network: Awaited<ReturnType<typeof startDatabaseProxy>>;
  let pool: CallAwarePool;
  beforeAll(async () => {
    network = await startDatabaseProxy((await createServiceDatabase(inject('postgresUrl'), 'author-service')).url);
    pool = new CallAwarePool({ connectionString: network.url, max: 1, connectionTimeoutMillis: 2_000 });
    pool.on('error', () => {});
  });
  afterAll(async () => {
    await pool?.end();
    await network?.stop();
  });

  test('sends nothing for a call that has ended', async () => {
    const sql = "SELECT 'of an ended call'";
    await expect(runForCall(endedCall(), () => pool.query(sql))).rejects.toMatchObject(ENDED);
    await expect(runForCall(endedCall(), () => pool.connect())).rejects.toMatchObject(ENDED);
    expect(network.sent()).not.toContain(sql);
  });

  test('sends nothing for a call that ended while it waited in the queue, and serves the next', async () => {
    const holder = await pool.connect();
    const call = startCall();
    const [queued, next] = ["SELECT 'of a queued call'", "SELECT 'of the next call' AS which"] as const;
    const waiting = runForCall(call, () => pool.query(queued)).catch((error) => error);
    const served = runForCall(startCall(), () => pool.query(next));
    expect(pool.waitingCount).toBe(2);
    call.end();
    holder.release();

    expect(await waiting).toMatchObject(ENDED);
    expect((await served).rows).toEqual([{ which: 'of the next call' }]);
    expect(network.sent()).toContain(next);
    expect(network.sent()).not.toContain(queued);
  });

  test('opens its connections and sends its statements as nobody, so that no connection keeps a call', async () => {
    const fresh = new CallAwarePool({ connectionString: network.url, max: 1 });
    const callers: unknown[] = [];
    for (const event of ['connect', 'acquire', 'release'] as const) fresh.on(event, () => callers.push(currentCall()));
    const seen = await runForCall(startCall(), async () => {
      await fresh.query('SELECT 1');
      return currentCall();
    });
    expect(seen).toBeDefined();
    expect(callers).toEqual([undefined, undefined, undefined]);
    await fresh.end();
  });

  test('finishes a statement that it has begun, whatever becomes of the call', async () => {
    const call = startCall();
    const answer = runForCall(call, () => pool.query('SELECT 1 AS one'));
    await expect.poll(() => network.sent()).toContain('SELECT 1 AS one');
    call.end();
    expect((await answer).rows).toEqual([{ one: 1 }]);
  });

  test('that gives none in time is DATABASE_UNAVAILABLE', async () => {
    const holder = await pool.connect();
    for (const waiting of await Promise.allSettled([pool.query('SELECT 1'), pool.connect()])) {
      expect(waiting).toMatchObject({ reason: { reason: 'DATABASE_UNAVAILABLE' } });
    }
    holder.release();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('is whole again after its connection was cut', async () => {
    network.cut();
    await expect(pool.query('SELECT 1')).rejects.toBeDefined();
    network.heal();
    await expect.poll(async () => (await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  describe('with a transaction', () => {
    const insert = prepared('insert', "INSERT INTO authors (name, email) VALUES ('T', $1)");
    const find = prepared<{ email: string }>('find', 'SELECT email FROM authors WHERE email = $1');
    const found = async (email: string) => (await find(pool, email)).length;

    test('keeps what was done once all of it is', async () => {
      await transaction(pool, (run) => run(insert, 'kept@example.com'));
      expect(await found('kept@example.com')).toBe(1);
    });

    test('keeps nothing of one that throws', async () => {
      const failing = transaction(pool, async (run) => {
        await run(insert, 'thrown@example.com');
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await found('thrown@example.com')).toBe(0);
    });

    test('sends nothing but the rollback once the call has ended', async () => {
      const call = startCall();
      const begun = runForCall(call, () =>
        transaction(pool, async (run) => {
          await run(insert, 'ended@example.com');
          call.end();
          await run(find, 'of an ended transaction');
        }),
      );
      await expect(begun).rejects.toMatchObject(ENDED);
      expect(network.sent()).not.toContain('of an ended transaction');
      expect(await found('ended@example.com')).toBe(0);
    });

    test('closes a connection that does not answer, and is whole again', async () => {
      const { pid } = (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0] ?? {};
      const cut = transaction(pool, async (run) => {
        await run(insert, 'cut@example.com');
        network.cut();
        await run(insert, 'cut-2@example.com');
      });
      await expect(cut).rejects.toBeDefined();
      network.heal();
      await expect.poll(() => found('cut@example.com').catch(() => 'away')).toBe(0);
      expect((await pool.query('SELECT pg_backend_pid() AS pid')).rows).not.toEqual([{ pid }]);
    });
  });
});
