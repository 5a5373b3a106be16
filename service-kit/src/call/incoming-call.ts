import { randomUUID } from 'node:crypto';
import type { Metadata, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Call, Identity } from './call.js';

/** A call as the interceptor receives it, and as its handler finds it by `currentCall`. */
export class IncomingCall implements Call {
  /** The peer's address without its port. */
  readonly address: string;
  readonly deadline: number;
  identity: Identity;
  /** The scope of its method, set by the scopes guard. */
  scope: string | undefined;
  readonly #onEnd: Array<() => void> = [];
  #open = true;
  #requestId: string | undefined;
  #controller: AbortController | undefined;
  #cancelled = false;

  constructor(
    readonly method: string,
    readonly metadata: Metadata,
    readonly connection: ServerInterceptingCallInterface,
  ) {
    this.address = connection.getConnectionInfo().remoteAddress ?? 'unknown';
    this.identity = { kind: 'anonymous', name: this.address };
    this.deadline = Number(connection.getDeadline());
    incomingCalls.set(metadata, this);
  }

  /** The caller's own x-request-id where it is fit for a log line, else a new one. Made when it is first needed. */
  get requestId(): string {
    this.#requestId ??= requestIdOf(this.metadata);
    return this.#requestId;
  }

  get ended(): boolean {
    return this.#cancelled || Date.now() >= this.deadline;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#cancelled) this.#controller.abort();
    return this.#controller.signal;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort();
  }

  /** Runs `done` when the call ends, however it ends; at once where it has ended. */
  onEnd(done: () => void): void {
    if (this.#open) this.#onEnd.push(done);
    else done();
  }

  /** The call has been answered, or its caller has gone. */
  end(): void {
    this.#open = false;
    for (const done of this.#onEnd.splice(0)) done();
  }
}

const incomingCalls = new WeakMap<Metadata, IncomingCall>();

/** The call that came with this metadata. */
export const incomingCallOf = (metadata: Metadata): IncomingCall | undefined => incomingCalls.get(metadata);

function requestIdOf(metadata: Metadata): string {
  const [given] = metadata.get('x-request-id');
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
