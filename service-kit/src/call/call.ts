import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { DomainError } from '../errors/domain-error.js';

/** The caller: the subject of a verified token, a peer service, or only an address. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'service';
  /** Subject, certificate name, or peer address. */
  readonly name: string;
  /** The scopes of its token; absent where the caller may do everything. */
  readonly scopes?: ReadonlySet<string>;
}

/** One incoming call. The call interceptor creates it; handlers find it by `currentCall`. */
export class Call {
  /** The peer's address without its port. */
  readonly address: string;
  /** When the caller stops waiting, ms since the epoch; Infinity without a deadline. */
  readonly deadline: number;
  identity: Identity;
  /** The scope that its method needs, set by the scopes guard. */
  scope: string | undefined;
  /** Created when it is first needed: grpc-js cancels also calls that have ended, and an abort takes 10 µs. */
  #controller: AbortController | undefined;
  #cancelled = false;
  #requestId: string | undefined;

  constructor(
    /** Full method name, such as /bookstore.author.v1.AuthorService/GetAuthor. */
    readonly method: string,
    readonly metadata: Metadata,
    readonly connection: ServerInterceptingCallInterface,
  ) {
    this.address = connection.getConnectionInfo().remoteAddress ?? 'unknown';
    this.identity = { kind: 'anonymous', name: this.address };
    this.deadline = Number(connection.getDeadline());
  }

  /** The caller's x-request-id where it can be logged safely, else a new UUID. */
  get requestId(): string {
    if (this.#requestId === undefined) {
      const [given] = this.metadata.get('x-request-id');
      this.#requestId = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
    }
    return this.#requestId;
  }

  /** Health checks need no token and have no limits of rate and calls in flight, but for open Watch streams. */
  get isHealth(): boolean {
    return this.method.startsWith('/grpc.health.v1.Health/');
  }

  /** True once the caller has cancelled or the deadline has passed. */
  get ended(): boolean {
    return this.#cancelled || Date.now() >= this.deadline;
  }

  /** Aborted when the call ends early. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#cancelled) this.#controller.abort();
    return this.#controller.signal;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort();
  }
}

const storage = new AsyncLocalStorage<Call | undefined>();

/** The call that this code runs for; undefined in background work. */
export const currentCall = (): Call | undefined => storage.getStore();

/** Runs code for a call: `currentCall` returns the call in it. */
export const runForCall = <T>(call: Call, run: () => T): T => storage.run(call, run);

/** Runs code for no call, such as a timer that outlives the call that starts it. */
export const runForNoCall = <T>(run: () => T): T => storage.run(undefined, run);

/** The error of work whose call was cancelled or is past its deadline. */
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
