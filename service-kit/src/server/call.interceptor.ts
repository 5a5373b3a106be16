import {
  type Metadata,
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { Call, runForCall } from '../call/call.js';
import { DomainError } from '../errors/domain-error.js';
import type { CallPolicy } from './call-policy.js';
import { toStatus } from './to-status.js';

/** Called at the end of each call, with the error where the policy refused it. */
export type OnCallEnd = (call: Call, code: status, milliseconds: number, refusal?: unknown) => void;

/** The grpc-js interceptor that creates a call's context and applies a policy, also to health and reflection. */
export function callInterceptor(policy: CallPolicy, onEnd: OnCallEnd): ServerInterceptor {
  return ({ path }, connection) => {
    const startedAt = performance.now();
    let call: Call | undefined;
    let open = true;

    const end = (code: status, refusal?: unknown) => {
      if (!open || !call) return;
      open = false;
      policy.end(call);
      onEnd(call, code, performance.now() - startedAt, refusal);
    };
    /** By which the log can be searched. */
    const addRequestId = (metadata?: Metadata | null) => {
      if (call) metadata?.set('x-request-id', call.requestId);
    };
    const refuse = (error: unknown) => {
      if (!open) return;
      const answer = toStatus(error);
      end(answer.code, error);
      addRequestId(answer.metadata);
      connection.sendStatus(answer);
    };

    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        call = new Call(path, metadata, connection);
        policy.admit(call).then(() => {
          if (open) next(metadata);
        }, refuse);
      })
      .withOnReceiveMessage((message, next) => {
        if (message instanceof DomainError) refuse(message);
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
        runForCall(call, next);
      })
      .withOnCancel(() => {
        call?.cancel();
        // grpc-js answers some calls by itself, and reports them as cancelled without the code: when the deadline has
        // passed, and when a request is too large or does not unpack.
        end(call && Date.now() >= call.deadline ? status.DEADLINE_EXCEEDED : status.CANCELLED);
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      // An answer of a stream that has ended meanwhile would take the place of its status.
      .withSendMessage((message, next) => {
        if (open && !call?.ended) next(message);
      })
      .withSendStatus((answer, next) => {
        end(answer.code ?? status.OK);
        if (answer.code !== status.OK) addRequestId(answer.metadata);
        next(answer);
      })
      .build();
    return new ServerInterceptingCall(connection, responder);
  };
}
