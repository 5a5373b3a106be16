import { randomUUID } from 'node:crypto';
import { AuthorServiceService } from '@bookstore/proto';
import { Server, ServerCredentials, type ServiceDefinition, type sendUnaryData, status } from '@grpc/grpc-js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, tally } from '../client/outcome.js';
import { untilOk } from '../client/probe.js';
import { type Row, scaled } from '../row.js';

const MOST_PER_CALL = 1.1;
const AT_ONCE = 8;

/** Row 10: the author service fails every call, and nobody makes it worse. */
export const retryBudget: Row = {
  number: 10,
  run: async (lab) => {
    await using bookstore = await lab.start({ links: true });
    using client = new BookstoreClient(bookstore.addresses);
    const asked = scaled(lab, { test: 200, short: 400, full: 2000 });
    const failing = await startFailing();
    const link = bookstore.links.toAuthors;
    const real = bookstore.services['author-service'].internalPort;
    link.leadTo(failing.port);
    link.reset();
    const outcomes: string[] = [];
    const startedAt = performance.now();
    const work = async () => {
      while (outcomes.length < asked) outcomes.push(labelOf(await client.createBook(randomUUID())));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const msPerCall = ((performance.now() - startedAt) / outcomes.length) * AT_ONCE;
    const perCall = failing.received() / outcomes.length;
    failing.stop();
    link.leadTo(real);
    link.reset();
    const author = must(await client.createAuthor(`${randomUUID()}@example.com`)).id;
    const healedMs = await untilOk(30_000, () => client.createBook(author));
    const fault = 'the author service fails every call';
    return [
      {
        fault,
        promise: `≤ ${MOST_PER_CALL} calls sent per call asked`,
        measured: `${failing.received()} sent for ${outcomes.length} asked: ${perCall.toFixed(3)} (${tally(outcomes)}; ${Math.round(msPerCall)} ms a call)`,
        holds: perCall <= MOST_PER_CALL && failing.received() > 0,
      },
      {
        fault,
        promise: 'recovers unaided',
        timed: true,
        measured: `after ${Math.round(healedMs)} ms`,
        holds: healedMs < 10_000,
      },
    ];
  },
};

/** An author service that answers every call with UNAVAILABLE, and counts them. */
async function startFailing(): Promise<{ port: number; received(): number; stop(): void }> {
  const server = new Server();
  let received = 0;
  const fail = (_: unknown, callback: sendUnaryData<unknown>) => {
    received++;
    callback({ code: status.UNAVAILABLE, details: 'fails every call' });
  };
  const methods = Object.keys(AuthorServiceService).map((name) => [name, fail]);
  server.addService(AuthorServiceService as ServiceDefinition, Object.fromEntries(methods));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, received: () => received, stop: () => server.forceShutdown() };
}
