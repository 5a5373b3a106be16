import { randomUUID } from 'node:crypto';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import type { Identity } from '../call/call.js';
import type { ExplainedError } from '../errors/call-error.js';
import { explain, toStatus } from '../errors/to-status.js';
import type { Trace } from '../telemetry/telemetry.js';
import type { Arrival, EndListener, Gates } from './admission.js';
import { blameTheRequest } from './blame-the-request.js';
import { isMalformed, malformedMessage } from './malformed.js';

type Method = Parameters<ServerInterceptor>[0];
type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type Answer = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

const ARRIVAL = 'bookstore.arrival';

/** What the gates learnt of the call that came with this metadata. */
export const arrivalOf = (metadata: Metadata): Arrival | undefined =>
  metadata.getOpaque(ARRIVAL) as Arrival | undefined;

/**
 * A call between the connection and its handler. It overrides what grpc-js would build of closures and queues for each
 * call of an interceptor (measured on reads by key: 11 % more calls a second, 12 % less CPU). Nothing can overtake a gate
 * that waits, since no message is read before the handler's side asks for one.
 */
export class AdmittedCall extends ServerInterceptingCall implements Listener {
  readonly #startedAt = performance.now();
  readonly #path: string;
  readonly #answersOnce: boolean;
  #arrival: Arrival | undefined;
  #handler: Listener | undefined;
  #refused = false;

  constructor(
    { path, responseStream }: Method,
    private readonly connection: ServerInterceptingCallInterface,
    private readonly gates: Gates,
    private readonly endListener: EndListener,
  ) {
    super(connection);
    this.#path = path;
    this.#answersOnce = !responseStream;
    blameTheRequest(connection);
  }

  override start(handler: Listener): void {
    this.#handler = handler;
    this.connection.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#arrival = new NewArrival(this.#path, metadata, this.connection);
    metadata.setOpaque(ARRIVAL, this.#arrival);
    this.#pass(0, metadata);
  }

  onReceiveMessage(message: unknown): void {
    if (this.#refused) return;
    if (isMalformed(message)) this.#refuse(malformedMessage());
    else this.#handler?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    if (this.#refused) return;
    try {
      if (this.#arrival) this.gates.work(this.#arrival);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.#handler?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#end(status.CANCELLED);
    this.#handler?.onCancel();
  }

  override sendMetadata(metadata: Metadata): void {
    this.connection.sendMetadata(metadata);
  }

  /**
   * The one message of a unary answer is not waited for: its status follows at once, so that the stream ends
   * with the message instead of a turn of the event loop later. The messages of a stream are, since their writer goes by
   * the caller's pace.
   */
  override sendMessage(message: unknown, sent: () => void): void {
    if (!this.#answersOnce) {
      this.connection.sendMessage(message, sent);
      return;
    }
    this.connection.sendMessage(message, () => {});
    sent();
  }

  override sendStatus(answer: Answer): void {
    const code = answer.code ?? status.OK;
    const arrival = this.#arrival;
    this.#end(code);
    this.connection.sendStatus(code === status.OK ? answer : withRequestId(answer, arrival));
  }

  /** Runs the gates in order, without a turn of the event loop where none of them needs one. */
  #pass(from: number, metadata: Metadata): void {
    const gates = this.gates.arrival;
    try {
      for (let next = from; next < gates.length; next++) {
        // A call that ended while a gate waited must not take what only its end gives back.
        if (!this.#arrival) return;
        const waiting = gates[next]?.(this.#arrival);
        if (waiting) {
          waiting.then(
            () => this.#pass(next + 1, metadata),
            (error) => this.#arrival && this.#refuse(error),
          );
          return;
        }
      }
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (this.#arrival) this.#handler?.onReceiveMetadata(metadata);
  }

  #refuse(error: unknown): void {
    this.#refused = true;
    const refusal = explain(error);
    const answer = withRequestId(toStatus(refusal), this.#arrival);
    this.#end(answer.code, refusal);
    this.connection.sendStatus(answer);
  }

  /** Once, however the call ends. */
  #end(code: status, refusal?: ExplainedError): void {
    const ended = this.#arrival;
    if (!ended) return;
    this.#arrival = undefined;
    for (const done of ended.onEnd) done();
    this.endListener(ended, code, performance.now() - this.#startedAt, refusal);
  }
}

/** A call as it came in. Its request id is made when first asked for, since an answered read never is. */
class NewArrival implements Arrival {
  readonly address: string;
  readonly onEnd: Array<() => void> = [];
  identity: Identity;
  trace?: Trace;
  #requestId: string | undefined;

  constructor(
    readonly method: string,
    readonly metadata: Metadata,
    readonly connection: ServerInterceptingCallInterface,
  ) {
    this.address = connection.getConnectionInfo().remoteAddress ?? 'unknown';
    this.identity = { kind: 'anonymous', name: this.address };
  }

  get requestId(): string {
    this.#requestId ??= requestIdOf(this.metadata);
    return this.#requestId;
  }
}

/** A caller's own x-request-id where it is fit for a log line, else a new one. */
function requestIdOf(metadata: Metadata): string {
  const [given] = metadata.get('x-request-id');
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** With the request id, by which the log has the story. */
function withRequestId<T extends { metadata?: Metadata | null | undefined }>(answer: T, arrival?: Arrival): T {
  if (arrival) answer.metadata?.set('x-request-id', arrival.requestId);
  return answer;
}
