import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { Call, Identity } from '../call/call.js';
import type { Trace } from '../telemetry/telemetry.js';
import type { Arrival } from './admission.js';
import { arrivalOf } from './admitted-call.js';

const NOBODY: Identity = { kind: 'anonymous', name: 'unknown' };

/** A grpc-js call as the code below a handler sees it. */
export class ServerCall implements Call {
  readonly method: string;
  readonly identity: Identity;
  readonly deadline: number;
  readonly trace: Trace | undefined;
  readonly #arrival: Arrival | undefined;
  #controller: AbortController | undefined;

  constructor(private readonly call: ServerUnaryCall<unknown, unknown>) {
    const arrival = arrivalOf(call.metadata);
    this.#arrival = arrival;
    this.method = call.getPath();
    this.identity = arrival?.identity ?? NOBODY;
    this.trace = arrival?.trace;
    const deadline = call.getDeadline();
    this.deadline = deadline instanceof Date ? deadline.getTime() : deadline;
  }

  get requestId(): string {
    return this.#arrival?.requestId ?? '';
  }

  get ended(): boolean {
    // At the deadline grpc-js tells a handler no more than that it is cancelled.
    return this.call.cancelled || Date.now() >= this.deadline;
  }

  /** Made when first asked for: most calls ask the database once and never need it. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.call.cancelled) controller.abort();
      else this.call.on('cancelled', () => controller.abort());
    }
    return this.#controller.signal;
  }
}
