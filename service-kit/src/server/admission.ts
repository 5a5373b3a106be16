import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor, status } from '@grpc/grpc-js';
import type { Identity } from '../call/call.js';
import type { ExplainedError } from '../errors/call-error.js';
import type { Trace } from '../telemetry/telemetry.js';
import { AdmittedCall } from './admitted-call.js';

/** A call at the door: what a gate may look at, and what it may find out for those behind it. */
export interface Arrival {
  /** Full method name, such as /bookstore.author.v1.AuthorService/GetAuthor. */
  readonly method: string;
  readonly metadata: Metadata;
  /** The peer's address without its port. */
  readonly address: string;
  /** The connection's own facts, such as a client certificate. */
  readonly connection: ServerInterceptingCallInterface;
  readonly requestId: string;
  identity: Identity;
  /** Set by the first gate while telemetry is on. */
  trace?: Trace;
  /** Done, in whatever way, when the call ends. */
  readonly onEnd: Array<() => void>;
}

/** Lets a call pass by returning, or refuses it by throwing an explained error. */
export type Gate = (arrival: Arrival) => void | Promise<void>;

/** What calls of a port have to pass. */
export interface Gates {
  /** As soon as a call comes in. */
  readonly arrival: readonly Gate[];
  /**
   * Once its request is complete, and the work begins: what is limited there cannot be held by a caller who never
   * finishes a request.
   */
  readonly work: (arrival: Arrival) => void;
}

/** Told of each call's end, for logs and metrics; of the reason, too, when it never reached its handler. */
export type EndListener = (arrival: Arrival, code: status, milliseconds: number, refusal?: ExplainedError) => void;

/**
 * One interceptor for all that happens before a handler: below the framework, so that health, reflection and every
 * later method are covered. One instead of a chain, since each costs every call an allocation of its own.
 */
export function admission(gates: Gates, onEnd: EndListener): ServerInterceptor {
  return (method, connection) => new AdmittedCall(method, connection, gates, onEnd);
}
