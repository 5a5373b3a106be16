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
import { blameTheRequest } from './blame-the-request.js';
import { isMalformed, malformedMessage } from './malformed.js';

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

const arrivals = new WeakMap<Metadata, Arrival>();

/** What the gates learnt of the call that came with this metadata. */
export const arrivalOf = (metadata: Metadata): Arrival | undefined => arrivals.get(metadata);

/**
 * One interceptor for all that happens before a handler: below the framework, so that health, reflection and every
 * later method are covered. One instead of a chain, since each costs every call an allocation of its own.
 */
export function admission(gates: Gates, onEnd: EndListener): ServerInterceptor {
  return (method, connection) => {
    blameTheRequest(connection);
    const startedAt = performance.now();
    let arrival: Arrival | undefined;
    let refused = false;
    const end = (code: status, refusal?: ExplainedError) => {
      if (!arrival) return;
      const ended = arrival;
      arrival = undefined;
      for (const done of ended.onEnd) done();
      onEnd(ended, code, performance.now() - startedAt, refusal);
    };
    const refuse = (error: unknown) => {
      refused = true;
      const refusal = explain(error);
      const answer = withRequestId(toStatus(refusal), arrival?.requestId);
      end(answer.code, refusal);
      connection.sendStatus(answer);
    };
    return new ServerInterceptingCall(connection, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            arrival = arrive(method.path, metadata, connection);
            arrivals.set(metadata, arrival);
            passAll(
              gates.arrival,
              arrival,
              () => arrival === undefined,
              () => forward(metadata),
              refuse,
            );
          },
          onReceiveMessage: (message, forward) => {
            if (refused) return;
            if (isMalformed(message)) refuse(malformedMessage());
            else forward(message);
          },
          onReceiveHalfClose: (forward) => {
            if (refused) return;
            try {
              if (arrival) gates.work(arrival);
            } catch (error) {
              refuse(error);
              return;
            }
            forward();
          },
          onCancel: () => end(status.CANCELLED),
        }),
      sendStatus: (answer, forward) => {
        const code = answer.code ?? status.OK;
        const requestId = arrival?.requestId;
        end(code);
        forward(code === status.OK ? answer : withRequestId(answer, requestId));
      },
    });
  };
}

/** Runs the gates in order, without a turn of the event loop where none of them needs one. */
function passAll(
  gates: readonly Gate[],
  arrival: Arrival,
  hasEnded: () => boolean,
  pass: () => void,
  refuse: (error: unknown) => void,
): void {
  const from = (index: number): void => {
    // A call that ended while a gate waited must not take what only its end gives back.
    if (hasEnded()) return;
    try {
      for (let next = index; next < gates.length; next++) {
        const waiting = gates[next]?.(arrival);
        if (waiting) {
          waiting.then(
            () => from(next + 1),
            (error) => hasEnded() || refuse(error),
          );
          return;
        }
      }
    } catch (error) {
      refuse(error);
      return;
    }
    pass();
  };
  from(0);
}

function arrive(method: string, metadata: Metadata, connection: ServerInterceptingCallInterface): Arrival {
  const address = connection.getPeer().replace(/:\d+$/, '');
  return {
    method,
    metadata,
    address,
    connection,
    requestId: requestIdOf(metadata),
    identity: { kind: 'anonymous', name: address },
    onEnd: [],
  };
}

/** A caller's own x-request-id where it is fit for a log line, else a new one. */
function requestIdOf(metadata: Metadata): string {
  const [given] = metadata.get('x-request-id');
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** With the request id, by which the log has the story. */
function withRequestId<T extends { metadata?: Metadata | null | undefined }>(answer: T, requestId?: string): T {
  if (requestId) answer.metadata?.set('x-request-id', requestId);
  return answer;
}
