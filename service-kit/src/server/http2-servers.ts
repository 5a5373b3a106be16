import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/**
 * The HTTP/2 servers below a gRPC server whose ports are open: for what grpc-js has no option for.
 *
 * @throws Error when grpc-js keeps them elsewhere than it used to
 */
export function http2ServersOf(server: Server): Http2Server[] {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  if (!http2Servers || http2Servers.size === 0) throw new Error('the HTTP/2 server of grpc-js cannot be found');
  return [...http2Servers.keys()];
}
