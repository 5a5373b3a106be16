import pg from 'pg';
import { type Call, currentCall, runForCall, runForNoCall } from '../call/call.js';
import { CallEnded } from '../call/call-ended.js';
import { telemetry } from '../telemetry/telemetry.js';
import { unavailable } from './database-errors.js';

type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, done: () => void) => void;

/**
 * A connection pool that sends nothing for a call that has ended: neither at once nor after a wait in the queue. No
 * connection within the time allowed is DATABASE_UNAVAILABLE.
 */
export class CallAwarePool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error, client) => (error || !client ? reject(error) : resolve(client)));
      });
    }
    const call = currentCall();
    if (call?.ended) {
      queueMicrotask(() => callback(new CallEnded(call), undefined, () => {}));
      return undefined;
    }
    const connected: ConnectCallback = (error, client, done) => {
      if (error || !client) {
        callback(unavailable(error), undefined, done);
      } else if (call?.ended) {
        done();
        callback(new CallEnded(call), undefined, () => {});
      } else {
        callback(undefined, client, done);
      }
    };
    // A call that waits is handed its connection by the one that gives it back: it is traced as its own all the same.
    const told = telemetry() ? runFor(call, connected) : connected;
    // A socket and its timers keep what they were made for: a connection would keep its last call, and all it knew.
    runForNoCall(() => super.connect(told));
    return undefined;
  }
}

/** The callback, run for this call whoever calls it. */
const runFor =
  (call: Call | undefined, callback: ConnectCallback): ConnectCallback =>
  (...given) =>
    call ? runForCall(call, () => callback(...given)) : runForNoCall(() => callback(...given));
