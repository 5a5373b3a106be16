import { type ClientHttp2Session, constants, type OutgoingHttpHeaders } from 'node:http2';
import { Metadata, status } from '@grpc/grpc-js';
import { errorDetails } from './failure-of.js';

/** How a call ended, as it came over the wire. */
export interface Http2Answer {
  /** Such as UNAUTHENTICATED; the HTTP/2 error's code when the stream was reset. */
  readonly code: string;
  readonly message: string;
  /** From ErrorInfo. */
  readonly reason: string | undefined;
  /** All that was received, for a search. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The headers of a gRPC request. */
export const grpcHeaders = (path: string, headers: OutgoingHttpHeaders = {}): OutgoingHttpHeaders => ({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: path,
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
  [constants.HTTP2_HEADER_TE]: 'trailers',
  ...headers,
});

/** A message with gRPC's prefix. */
export function grpcFrame(message: Uint8Array, compressed = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

/** One unary call over Node's own HTTP/2: with any header, also one that no gRPC library would send. */
export function http2Call(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
  message: Uint8Array = Buffer.alloc(0),
): Promise<Http2Answer> {
  const received: Record<string, unknown> = {};
  return new Promise((resolve) => {
    const stream = session.request(grpcHeaders(path, headers));
    stream.on('response', (response) => Object.assign(received, response));
    stream.on('trailers', (trailers) => Object.assign(received, trailers));
    stream.on('error', () => {});
    stream.on('close', () => resolve(answerOf(received, stream.rstCode)));
    stream.resume();
    stream.end(grpcFrame(message));
  });
}

function answerOf(headers: Record<string, unknown>, rstCode: number | undefined): Http2Answer {
  const code = headers['grpc-status'];
  const details = headers['grpc-status-details-bin'];
  const metadata = new Metadata();
  if (typeof details === 'string') metadata.set('grpc-status-details-bin', Buffer.from(details, 'base64'));
  return {
    code: code === undefined ? `stream closed with ${rstCode}` : (status[Number(code)] ?? String(code)),
    message: decodeURIComponent(String(headers['grpc-message'] ?? '')),
    reason: errorDetails({ metadata }).info?.reason,
    headers,
  };
}
