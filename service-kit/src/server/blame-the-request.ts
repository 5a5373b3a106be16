import { type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { toStatus } from '../errors/to-status.js';
import { malformedMessage } from './malformed.js';

/** What grpc-js says by itself of a request that it cannot take apart. */
const COMPLAINTS = /^(Failed to decompress message|Invalid grpc-timeout value|Error deserializing request)/;

/**
 * Has a call answered INVALID_ARGUMENT where grpc-js blames itself, with INTERNAL, for a compressed message that does
 * not unpack or a deadline that is none. It says so below every interceptor, on the connection's own object.
 */
export function blameTheRequest(connection: ServerInterceptingCallInterface): void {
  const send = connection.sendStatus.bind(connection);
  connection.sendStatus = (answer) => {
    const complaint = answer.code === status.INTERNAL && COMPLAINTS.test(answer.details ?? '');
    send(complaint ? toStatus(malformedMessage()) : answer);
  };
}
