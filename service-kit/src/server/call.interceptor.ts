import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { IncomingCall } from '../call/incoming-call.js';
import { isMalformed, malformedMessage } from './malformed.js';
import { toStatus } from './to-status.js';

/** What every call of a port has to pass, below the framework: it covers health and reflection, too. */
export interface CallPolicy {
  /** Lets an arrived call pass by returning, or refuses it by throwing. */
  admit(call: IncomingCall): void | Promise<void>;
  /** The same once its request is complete and the work begins: a caller who never finishes a request holds no place. */
  begin(call: IncomingCall): void;
  /** Called at the end of each call, with the error where the policy refused it. */
  ended(call: IncomingCall, code: status, milliseconds: number, refusal?: unknown): void;
}

/** The server interceptor that applies a policy and gives each call its context. */
export function callInterceptor(policy: CallPolicy): ServerInterceptor {
  return ({ path }, connection) => {
    const startedAt = performance.now();
    let call: IncomingCall | undefined;
    let open = true;

    const end = (code: status, refusal?: unknown) => {
      if (!open || !call) return;
      open = false;
      call.end();
      policy.ended(call, code, performance.now() - startedAt, refusal);
    };
    const refuse = (error: unknown) => {
      if (!open) return;
      const answer = toStatus(error);
      end(answer.code, error);
      connection.sendStatus(withRequestId(answer, call));
    };

    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        call = new IncomingCall(path, metadata, connection);
        // Without a turn of the event loop where the policy does not wait.
        const pass = () => {
          if (open) next(metadata);
        };
        try {
          const waiting = policy.admit(call);
          if (waiting) waiting.then(pass, refuse);
          else pass();
        } catch (error) {
          refuse(error);
        }
      })
      .withOnReceiveMessage((message, next) => {
        if (isMalformed(message)) refuse(malformedMessage());
        else if (open) next(message);
      })
      .withOnReceiveHalfClose((next) => {
        if (!open || !call) return;
        try {
          policy.begin(call);
        } catch (error) {
          refuse(error);
          return;
        }
        next();
      })
      .withOnCancel(() => {
        call?.cancel();
        // grpc-js answers a deadline by itself, and tells of it in this way, too.
        end(call && Date.now() >= call.deadline ? status.DEADLINE_EXCEEDED : status.CANCELLED);
      })
      .build();

    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendStatus((answer, next) => {
        end(answer.code ?? status.OK);
        next(answer.code === status.OK ? answer : withRequestId(answer, call));
      })
      .build();
    return new ServerInterceptingCall(connection, responder);
  };
}

/** With the request id, by which the log is searched. */
function withRequestId<Answer extends { metadata?: Metadata | null }>(answer: Answer, call?: IncomingCall): Answer {
  if (call) answer.metadata?.set('x-request-id', call.requestId);
  return answer;
}
