import type { ServiceName } from '../bookstore/chaos-bookstore.js';
import { startPairs } from '../bookstore/pairs.js';
import { BookstoreClient } from '../client/bookstore-client.js';
import { labelOf, tally } from '../client/outcome.js';
import { Ledger } from '../load/ledger.js';
import { MixedCalls, served } from '../load/mixed-calls.js';
import { SteadyLoad } from '../load/steady-load.js';
import { Random } from '../random.js';
import { type Row, scaled } from '../row.js';

const PER_SECOND = 100;

/** Row 5: each process of each service is replaced in turn, under load. */
export const rollingRestart: Row = {
  number: 5,
  run: async (lab) => {
    await using bookstore = await lab.start();
    await using pairs = await startPairs(bookstore);
    const { addresses, replicas } = pairs;
    using client = new BookstoreClient(addresses);
    const ledger = new Ledger();
    await using load = new SteadyLoad(new MixedCalls(client, ledger), PER_SECOND, new Random(lab.seed));
    const enough = scaled(lab, { test: 200, short: 600, full: 10_000 });
    let restarts = 0;
    while (load.calls.length < enough) {
      for (const name of ['author-service', 'book-service'] satisfies ServiceName[]) {
        for (const replica of replicas[name]) {
          await pairs.replace(replica);
          restarts++;
        }
      }
    }
    const calls = await load.stop();
    const failed = calls.filter(({ outcome }) => !served(outcome));
    const lost = await ledger.findLost(bookstore);
    const what = failed.map(({ method, outcome }) => `${method} ${labelOf(outcome)}`);
    for (const { outcome } of failed.slice(0, 5)) if (!outcome.ok) lab.say(`  ${labelOf(outcome)}: ${outcome.details}`);
    const fault = `${restarts} restarts of two replicas of each service in turn, under ${PER_SECOND} calls/s`;
    return [
      {
        fault,
        promise: '0 failed calls',
        measured: `${failed.length} of ${calls.length}${failed.length > 0 ? `: ${tally(what)}` : ''}`,
        holds: failed.length === 0,
      },
      {
        fault,
        promise: '0 acknowledged writes lost',
        measured: `${lost.length} of ${ledger.size}`,
        holds: lost.length === 0,
      },
    ];
  },
};
