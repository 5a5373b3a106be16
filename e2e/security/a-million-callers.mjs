// What a million callers cost a process that has served one caller a million times; prints bytes, as JSON.
// node --expose-gc a-million-callers.mjs URL-OF-RATE-LIMITER-MODULE
import { setImmediate as turn } from 'node:timers/promises';

const CALLS = 1_000_000;
/** Between two turns of the event loop, in which what has run out is forgotten, as while serving. */
const CALLS_PER_TURN = 200;
const { RateLimiter } = await import(process.argv[2]);
const limit = new RateLimiter(500, 1000);

/** The most memory that the process has meanwhile, and how many calls are refused. */
async function call(nameOf) {
  let [resident, refused] = [0, 0];
  for (let number = 0; number < CALLS; number++) {
    if (number % CALLS_PER_TURN === 0) {
      await turn();
      resident = Math.max(resident, process.memoryUsage.rss());
    }
    try {
      await limit.take(nameOf(number));
    } catch {
      refused++;
    }
  }
  gc();
  return { resident, refused, heap: process.memoryUsage().heapUsed };
}

const one = await call(() => 'one caller');
const million = await call((number) => `caller ${number}`);
console.log(
  JSON.stringify({
    resident: million.resident - one.resident,
    heap: million.heap - one.heap,
    refused: million.refused,
  }),
);
process.exit();
