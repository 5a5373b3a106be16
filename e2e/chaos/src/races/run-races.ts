import type { ChaosBookstore } from '../bookstore/chaos-bookstore.js';
import { BookstoreClient } from '../client/bookstore-client.js';
import { isLinearizable } from '../linearizability/check-history.js';
import type { Random } from '../random.js';
import { race } from './race.js';

const CLIENTS = 16;
/** Clients that work on the same author at once. */
const CLIENTS_OF_A_RACE = 4;
/** Answers out of place tell more than any race that comes after them; with none but those there are no races at all. */
const ENOUGH_UNEXPECTED = 100;

export interface RacesResult {
  readonly races: number;
  readonly histories: number;
  readonly calls: number;
  readonly ghosts: number;
  readonly unexpected: readonly string[];
  /** Histories that no order of the calls explains, written out. */
  readonly rejected: readonly string[];
}

/** Runs races until there were `enough`, or until `stopEarly` says so, and checks each author's history. */
export async function runRaces(
  { addresses }: ChaosBookstore,
  enough: number,
  random: Random,
  stopEarly: (result: RacesResult) => boolean = () => false,
): Promise<RacesResult> {
  const clients = Array.from({ length: CLIENTS }, () => new BookstoreClient(addresses));
  const total = {
    ...{ races: 0, histories: 0, calls: 0, ghosts: 0 },
    ...{ unexpected: [] as string[], rejected: [] as string[] },
  };
  const work = async (own: readonly BookstoreClient[], name: string, draw: Random) => {
    const goOn = () => total.races < enough && total.unexpected.length < ENOUGH_UNEXPECTED && !stopEarly(total);
    for (let round = 0; goOn(); round++) {
      const { calls, ghosts, races } = await race(own, `race-${name}-${round}@example.com`, draw);
      total.races += races;
      total.ghosts += ghosts;
      total.histories++;
      total.calls += calls.history.operations.length;
      total.unexpected.push(...calls.unexpected);
      if (!isLinearizable(calls.history.operations)) total.rejected.push(`${calls.authorId}\n${calls.history}`);
    }
  };
  try {
    const groups = Array.from({ length: CLIENTS / CLIENTS_OF_A_RACE }, (_, group) =>
      work(
        clients.slice(group * CLIENTS_OF_A_RACE, (group + 1) * CLIENTS_OF_A_RACE),
        `${random.below(2 ** 30)}-${group}`,
        random.fork(),
      ),
    );
    await Promise.all(groups);
    return total;
  } finally {
    for (const client of clients) client.close();
  }
}
