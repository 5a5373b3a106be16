import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

interface Http2Server {
  prependListener(
    event: 'stream',
    listener: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, raw: string[]) => void,
  ): void;
}

/** What stands for credentials that can be no token: not missing, and not valid. */
const NO_TOKEN = '';

/**
 * Keeps the layers below from dropping credentials without a word. Of several authorization headers Node passes on the
 * first alone, so that something in front of a service which looks at another one could be told another story; one with
 * bytes beyond ASCII grpc-js leaves out, as if it had not been sent.
 *
 * @throws Error when grpc-js keeps its HTTP/2 servers elsewhere than it used to
 */
export function keepCredentialsAsSent(server: Server): void {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  if (!http2Servers || http2Servers.size === 0) throw new Error('the HTTP/2 server of grpc-js cannot be found');
  for (const http2Server of http2Servers.keys()) {
    http2Server.prependListener('stream', (_stream, headers, _flags, raw) => {
      const { authorization } = headers;
      if (authorization === undefined) return;
      const several = raw.indexOf('authorization', raw.indexOf('authorization') + 1) !== -1;
      if (several || /[^\x20-\x7e]/.test(authorization)) headers.authorization = NO_TOKEN;
    });
  }
}
