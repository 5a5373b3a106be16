import { expect, onTestFinished, test, vi } from 'vitest';
import { type Gather, SharedStatement } from '../src/database/shared-statement.js';

/** Statements that end when the test says so; each answers with what it was given. */
function startStatements(gather: Gather) {
  const sent: (readonly string[])[] = [];
  const ends: (() => void)[] = [];
  const shared = new SharedStatement(async (given: readonly string[]) => {
    sent.push(given);
    await new Promise<void>((resolve) => ends.push(resolve));
    return given;
  }, gather);
  const run = (...given: string[]) => Promise.all(given.map((one) => shared.run(one)));
  const untilSent = (count: number) => vi.waitFor(() => expect(sent).toHaveLength(count));
  const end = (which: number) => ends[which]?.();
  return { sent, run, untilSent, end };
}

test('what comes while others are under way gathers until one of them ends', async () => {
  const { sent, run, untilSent, end } = startStatements({ atOnce: 2, forMs: 60_000 });
  const first = run('a');
  await untilSent(1);
  const second = run('b', 'c');
  await untilSent(2);
  const gathered = [run('d'), run('e', 'f')];
  end(1);
  expect(await second).toEqual(['b', 'c']);
  await untilSent(3);
  const last = run('g');
  end(0);
  end(2);
  expect(await first).toEqual(['a']);
  expect(await Promise.all(gathered)).toEqual([['d'], ['e', 'f']]);
  await untilSent(4);
  end(3);
  expect(await last).toEqual(['g']);
  expect(sent).toEqual([['a'], ['b', 'c'], ['d', 'e', 'f'], ['g']]);
});

test('what waits behind a statement that does not end is sent all the same', async () => {
  const { sent, run, untilSent, end } = startStatements({ atOnce: 1, forMs: 1 });
  const stuck = run('a');
  await untilSent(1);
  const others = run('b', 'c');
  await untilSent(2);
  end(1);
  expect(await others).toEqual(['b', 'c']);
  end(0);
  expect(await stuck).toEqual(['a']);
  const next = run('d');
  await untilSent(3);
  end(2);
  expect(await next).toEqual(['d']);
  expect(sent).toEqual([['a'], ['b', 'c'], ['d']]);
});

test('once what stood still has ended, no more are under way than before', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  // By then what begins at the end of a turn has begun.
  const turns = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const { sent, run, end } = startStatements({ atOnce: 1, forMs: 20 });
  const stuck = run('a');
  await turns();
  const forced = run('b');
  vi.advanceTimersByTime(20);
  await turns();
  const gathered = run('c');
  end(1);
  expect(await forced).toEqual(['b']);
  await turns();
  expect(sent).toEqual([['a'], ['b']]);
  end(0);
  expect(await stuck).toEqual(['a']);
  await turns();
  expect(sent).toEqual([['a'], ['b'], ['c']]);
  end(2);
  expect(await gathered).toEqual(['c']);
});

test('more than one statement takes go on in the next ones', async () => {
  const { sent, run, untilSent, end } = startStatements({ atOnce: 1, forMs: 60_000 });
  const first = run('first');
  await untilSent(1);
  const many = Array.from({ length: 1200 }, (_, n) => String(n));
  const all = run(...many);
  for (let which = 0; which < 4; which++) {
    await untilSent(which + 1);
    end(which);
  }
  expect(await first).toEqual(['first']);
  expect(await all).toEqual(many);
  expect(sent.map(({ length }) => length)).toEqual([1, 500, 500, 200]);
});
