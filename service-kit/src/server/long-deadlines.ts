import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http2';
import type { Server } from 'node:net';

const LISTEN = 'tracing:net.server.listen:asyncStart';
const SECONDS: Record<string, number> = { H: 3600, M: 60, S: 1 };
/** The longest timer of Node: almost 25 days. */
const MAX_S = Math.floor((2 ** 31 - 1) / 1000);

/**
 * Shortens longer deadlines in the calls of HTTP/2 servers that begin to listen until the returned function is called.
 * With grpc-js a deadline of 30 days passes at once: it computes with 32 bits, before any interceptor. Node's diagnostics
 * channel gives access to its HTTP/2 server.
 */
export function shortenLongDeadlines(): () => void {
  const onListen = (message: unknown) => {
    const { server } = message as { server: Server };
    server.prependListener('stream', (_stream: unknown, headers: IncomingHttpHeaders) => {
      // Read as grpc-js reads it.
      const [, amount, unit = ''] = /(\d{1,8})\s*([HMSmun])/.exec(String(headers['grpc-timeout'])) ?? [];
      if (Number(amount) * (SECONDS[unit] ?? 0) > MAX_S) headers['grpc-timeout'] = `${MAX_S}S`;
    });
  };
  subscribe(LISTEN, onListen);
  return () => unsubscribe(LISTEN, onListen);
}
