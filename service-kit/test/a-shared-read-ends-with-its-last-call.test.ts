import { expect, test } from 'vitest';
import { type Call, currentCall, runForCall } from '../src/call/call.js';
import { CallEnded } from '../src/call/call-ended.js';
import { SharedCall } from '../src/call/shared-call.js';
import { BatchedReads } from '../src/database/batched-reads.js';

class TestCall implements Call {
  readonly method = '/bookstore.test/Read';
  readonly identity = { kind: 'anonymous', name: 'test' } as const;
  readonly deadline = Number.POSITIVE_INFINITY;
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;
  constructor(readonly requestId: string) {}
  get ended() {
    return this.signal.aborted;
  }
  end() {
    this.#controller.abort();
  }
}

/** As Prisma has it: begun by whoever waits for it first, in their context. */
const lazily = <T>(query: () => T) =>
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  ({ then: (resolve: (rows: T) => void) => resolve(query()) }) as unknown as Promise<T>;

test('a read that two calls share goes on for the one that still waits', async () => {
  const [gone, waiting] = [new TestCall('1'), new TestCall('2')];
  let reading: Call | undefined;
  const reads = new BatchedReads((ids) =>
    lazily(() => {
      reading = currentCall();
      return ids.map((id) => ({ id }));
    }),
  );
  const answers = [runForCall(gone, () => reads.read('a')), runForCall(waiting, () => reads.read('b'))];

  await expect(Promise.all(answers)).resolves.toEqual([{ id: 'a' }, { id: 'b' }]);
  gone.end();
  expect(reading?.ended).toBe(false);
  waiting.end();
  expect(reading?.ended).toBe(true);
});

test('a call that has ended takes no part in a shared read', async () => {
  const gone = new TestCall('1');
  gone.end();
  const asked: string[] = [];
  const reads = new BatchedReads((ids) =>
    lazily(() => {
      asked.push(...ids);
      return ids.map((id) => ({ id }));
    }),
  );
  const lost = runForCall(gone, () => reads.read('a'));
  const found = runForCall(new TestCall('2'), () => reads.read('b'));

  await expect(lost).rejects.toBeInstanceOf(CallEnded);
  await expect(found).resolves.toEqual({ id: 'b' });
  expect(asked).toEqual(['b']);
});

test('work that calls share is called off with the last of them', () => {
  const calls = [new TestCall('1'), new TestCall('2')] as const;
  const { signal } = new SharedCall(calls);
  calls[0].end();
  expect(signal.aborted).toBe(false);
  calls[1].end();
  expect(signal.aborted).toBe(true);
});
