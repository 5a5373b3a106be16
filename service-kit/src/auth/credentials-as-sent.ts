import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** What stands for credentials that can be no token: not missing, and not valid. */
const NO_TOKEN = '';

/**
 * Keeps the layers below from dropping credentials without a word. Of several authorization headers Node passes on the
 * first alone, so that something in front of a service which looks at another one could be told another story; one with
 * bytes beyond ASCII grpc-js leaves out, as if it had not been sent.
 */
export function keepCredentialsAsSent(server: Http2Server): void {
  const keep = (_stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
    const { authorization } = headers;
    if (authorization === undefined) return;
    const several = raw.indexOf('authorization', raw.indexOf('authorization') + 1) !== -1;
    if (several || !isPrintableAscii(authorization)) headers.authorization = NO_TOKEN;
  };
  // Node passes the raw headers, too, which its declaration leaves out.
  server.prependListener('stream', keep as (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void);
}

/** Of what nghttp2 lets through in a header's value, all but a tab and the bytes from 0x80 on (RFC 9110, 5.5). */
const isPrintableAscii = (value: string) => Buffer.byteLength(value) === value.length && !value.includes('\t');
