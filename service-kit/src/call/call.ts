import { AsyncLocalStorage } from 'node:async_hooks';
import { DomainError } from '../errors/domain-error.js';

/** The caller: the subject of a verified token, a peer service, or no more than an address. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'service';
  /** Subject, certificate name, or peer address. */
  readonly name: string;
  /** What its token allows; everything when absent. */
  readonly scopes?: ReadonlySet<string>;
}

/** The call that a handler works for. */
export interface Call {
  /** Full method name, such as /bookstore.author.v1.AuthorService/GetAuthor. */
  readonly method: string;
  /** Travels from service to service and into each log line. */
  readonly requestId: string;
  readonly identity: Identity;
  /** When the caller stops waiting, ms since the epoch; Infinity when it did not say. */
  readonly deadline: number;
  /** True once the caller has gone or the deadline has passed. */
  readonly ended: boolean;
  /** Aborted when the call ends early. */
  readonly signal: AbortSignal;
}

const storage = new AsyncLocalStorage<Call | undefined>();

/** The call that this code runs for; undefined in background work. */
export const currentCall = (): Call | undefined => storage.getStore();

/** Runs code for a call: everything that it starts finds the call by `currentCall`. */
export const runForCall = <T>(call: Call, run: () => T): T => storage.run(call, run);

/** Runs code for no call, such as a worker that outlives the call that starts it. */
export const runForNoCall = <T>(run: () => T): T => storage.run(undefined, run);

/** The error of work whose call has ended: cancelled, or past its deadline. */
export class CallEnded extends DomainError {
  constructor({ deadline }: Pick<Call, 'deadline'>) {
    if (Date.now() >= deadline) super('DEADLINE_EXCEEDED', 'DEADLINE_PASSED', 'the deadline has passed');
    else super('CANCELLED', 'CALL_ENDED', 'the call has ended');
  }
}

/** @throws CallEnded when the current call has ended */
export function throwIfEnded(call = currentCall()): void {
  if (call?.ended) throw new CallEnded(call);
}
