import { AsyncLocalStorage } from 'node:async_hooks';
import type { Trace } from '../telemetry/telemetry.js';

/** Who calls: a verified token's subject, the other service, or no more than an address. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'service';
  /** Subject, certificate name, or peer address. */
  readonly name: string;
  /** What its credentials allow. */
  readonly scopes?: ReadonlySet<string>;
}

/** What the code below a handler may know of the call it works for. */
export interface Call {
  /** Full method name, such as /bookstore.author.v1.AuthorService/GetAuthor. */
  readonly method: string;
  /** Travels from service to service and into each log line. */
  readonly requestId: string;
  readonly identity: Identity;
  /** When the caller stops waiting, ms since the epoch; Infinity when they did not say. */
  readonly deadline: number;
  /** True once the caller has gone or the deadline has passed: work for this call is wasted. */
  readonly ended: boolean;
  /** Aborted when the call ends early. */
  readonly signal: AbortSignal;
  /** None while telemetry is off. */
  readonly trace?: Trace | undefined;
}

const storage = new AsyncLocalStorage<Call | undefined>();

/** The call that this code runs for; none in background work. */
export const currentCall = (): Call | undefined => storage.getStore();

/** Runs code for a call, so that everything it starts knows of it. */
export const runForCall = <T>(call: Call, run: () => T): T => storage.run(call, run);

/** Runs code for no call: work that several calls share must not end with one of them. */
export const runForNoCall = <T>(run: () => T): T => storage.run(undefined, run);
