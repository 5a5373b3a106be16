import type { Http2Server, Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

type Waiting = [stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]];
type Begin = (this: Http2Server, ...arrived: Waiting) => void;

/** Calls that begin as they come, before others wait: as many as a service works on at once by default. */
const AT_ONCE = 256;
/** Calls that then begin in each turn of the event loop. */
const IN_A_TURN = 32;

/**
 * Has calls that come faster than they can be answered begin by turns: one of each connection after the other, a few in
 * each turn of the event loop. Node hands over all that a read of a socket brought, which is hundreds of calls from a client
 * that waits for no answer: ten such connections hold up everybody else, and the database's answers, too, so that it
 * seems to be down (measured: the slowest call beside them 2.3 s, with turns 0.5). A call that its client has taken back
 * by its turn never begins.
 *
 * To be called once a server has all its listeners of 'stream'.
 */
export function beginCallsInTurns(server: Http2Server): void {
  const begins = server.listeners('stream') as unknown as Begin[];
  server.removeAllListeners('stream');
  const waiting = new Map<Http2Session | undefined, Waiting[]>();
  let begun = 0;

  /** Whether it began: not one that is over. */
  const begin = (arrived: Waiting): boolean => {
    const [stream] = arrived;
    if (stream.closed || stream.destroyed) return false;
    for (const listener of begins) listener.apply(server, arrived);
    return true;
  };
  // Also where nobody waits, so that those of the next turns are not counted as one burst.
  const turn = () => {
    begun = 0;
    for (let places = IN_A_TURN; places > 0; ) {
      const next = waiting.entries().next();
      if (next.done) return;
      const [session, calls] = next.value;
      waiting.delete(session);
      if (begin(calls.shift() as Waiting)) places--;
      if (calls.length > 0) waiting.set(session, calls);
    }
    // Its places are taken, also if nobody waits any more: who comes before the next turn waits for that.
    begun = AT_ONCE;
    setImmediate(turn);
  };
  server.on('stream', ((...arrived: Waiting) => {
    if (waiting.size === 0 && begun < AT_ONCE) {
      if (begin(arrived) && ++begun === IN_A_TURN) setImmediate(turn);
      return;
    }
    const [stream] = arrived;
    // Nobody else hears of its end so far, and unheard, it would end the process.
    stream.on('error', () => {});
    const calls = waiting.get(stream.session);
    if (calls) calls.push(arrived);
    else waiting.set(stream.session, [arrived]);
  }) as (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void);
}
