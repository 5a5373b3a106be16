import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { atOnce } from '@bookstore/sandbox';
import type { ChunkFault } from '@bookstore/sandbox/testing';
import { type EmbeddedBookstore, onProcesses } from '../bookstore/embedded-bookstore.js';
import { type BookstoreClient, connect, labelOf, msUntilOk, must, type Outcome, quantile, tally } from '../client.js';
import { below, chance } from '../random.js';
import type { Scenario } from '../scenario.js';

const DEADLINE_MS = 2000;
const MAX_LATE_MS = 100;
const HEALED_MS = 3000;
const MAX_TRIES = 60;
/** A reset fails all calls on its connection: with more of them, none would ever succeed. */
const CALLS_AT_ONCE = 24;

const FAULTS: Readonly<Record<string, ChunkFault>> = {
  'resets at one chunk in ten': (chunk, _, reset) => (chance(0.1) ? void reset() : chunk),
  'resets within one chunk in ten': (chunk, _, reset) => {
    if (!chance(0.1)) return chunk;
    setImmediate(reset);
    return chunk.subarray(0, Math.floor(chunk.length / 2));
  },
  'delays of 500 ± 250 ms for each chunk': (chunk) => sleep(250 + below(500), chunk),
  'one answer in three lost after the commit': (chunk, direction, reset) => {
    // Headers, message and trailers of an answer come in one chunk. Shorter chunks are about the connection.
    const isAnswer = direction === 'answer' && chunk.length >= 60;
    return isAnswer && chance(0.33) ? void reset() : chunk;
  },
};

/** Faults between the client and the book service, and between the services. */
export const networkFaults: Scenario = {
  name: 'network-faults',
  embedded: onProcesses({}, async (run, bookstore) => {
    const made = [];
    for (const [name, fault] of Object.entries(FAULTS)) {
      made.push(await createBooks(bookstore, fault, run.amount(12, 100)));
      run.say(`${name}: ${tally(made.at(-1)?.tries.map(labelOf) ?? [])}`);
    }
    const tries = made.flatMap((each) => each.tries);
    const created = made.flatMap((each) => each.created);
    type Row = { id: string; request_id: string };
    const rows = await bookstore.query<Row>('book-service', 'SELECT id, request_id FROM books');
    const wrong = created.filter(({ requestId, ids }) => {
      const stored = rows.filter((row) => row.request_id === requestId);
      return stored.length !== 1 || ids.some((id) => id !== stored[0]?.id);
    });
    run.never('books missing or double', wrong.length, created.length);
    run.within(DEADLINE_MS + MAX_LATE_MS, `${tries.length} calls ended`, quantile(tries, 1));
    run.within(HEALED_MS, 'healed', Math.max(...made.map(({ healedMs }) => healedMs)));
  }),
};

async function createBooks(bookstore: EmbeddedBookstore, fault: ChunkFault, count: number) {
  const [authors, books] = [bookstore.service('author-service').proxies, bookstore.service('book-service').proxies];
  const proxies = [books.public, authors.internal, books.internal];
  using client = connect({ ...bookstore.addresses, book: `127.0.0.1:${books.public.port}` });
  const author = (await must(client.createAuthor())).id;
  const tries: Outcome[] = [];
  for (const proxy of proxies) proxy.injectFault(fault);
  const created = await atOnce(CALLS_AT_ONCE, count, () => createTwice(client, author, tries));
  for (const proxy of proxies) proxy.heal();
  return { tries, created, healedMs: await msUntilOk(() => client.createBook(author)) };
}

/** Repeats one create until it is answered twice, each time with an id. */
async function createTwice(client: BookstoreClient, author: string, tries: Outcome[]) {
  const requestId = randomUUID();
  const ids: string[] = [];
  for (let left = MAX_TRIES; ids.length < 2; left--) {
    if (left === 0) throw new Error(`a create did not succeed in ${MAX_TRIES} tries`);
    const outcome = await client.createBook(author, { requestId }, DEADLINE_MS);
    tries.push(outcome);
    if (outcome.ok) ids.push(outcome.response.id);
    else await sleep(50);
  }
  return { requestId, ids };
}
