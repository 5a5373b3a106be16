import { type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { toStatus } from '../errors/to-status.js';
import { malformedMessage } from './malformed.js';

type Answer = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** What grpc-js says by itself of a request that it cannot take apart. */
const COMPLAINTS = /^(Failed to decompress message|Invalid grpc-timeout value|Error deserializing request)/;

/**
 * Has a call answered INVALID_ARGUMENT where grpc-js blames itself, with INTERNAL, for a compressed message that does
 * not unpack or a deadline that is none. It says so below every interceptor, on the connection's own object.
 */
export function blameTheRequest(connection: ServerInterceptingCallInterface): void {
  connection.sendStatus = sendBlaming;
}

/** One function for all calls, which finds what it overrides by its own object. */
function sendBlaming(this: ServerInterceptingCallInterface, answer: Answer): void {
  const complaint = answer.code === status.INTERNAL && COMPLAINTS.test(answer.details ?? '');
  const { sendStatus } = Object.getPrototypeOf(this) as ServerInterceptingCallInterface;
  sendStatus.call(this, complaint ? toStatus(malformedMessage()) : answer);
}
