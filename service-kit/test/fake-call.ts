import { Metadata, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { Call } from '../src/call/call.js';

/** A call as the interceptor creates it, without a connection. */
export function fakeCall({ deadline = Number.POSITIVE_INFINITY, requestId = 'request-7' } = {}): Call {
  const connection = { getConnectionInfo: () => ({ remoteAddress: '192.0.2.7' }), getDeadline: () => deadline };
  const metadata = Metadata.fromHttp2Headers({ 'x-request-id': requestId });
  return new Call('/test.Service/Method', metadata, connection as unknown as ServerInterceptingCallInterface);
}
