import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http2';
import type { Server } from 'node:net';
import { LONGEST_TIMER_MS } from '../settings/timers.js';

const LISTEN = 'tracing:net.server.listen:asyncStart';
const SECONDS: Record<string, number> = { H: 3600, M: 60, S: 1 };
/** Almost 25 days. */
const LONGEST_S = Math.floor(LONGEST_TIMER_MS / 1000);

/**
 * Shortens the deadlines of the calls of HTTP/2 servers that begin to listen until the returned function is called: those
 * beyond what a timer can be. grpc-js computes with 32 bits, by which 30 days have passed at once, and does so before any
 * interceptor. It keeps its HTTP/2 server to itself, which Node's diagnostics channel names when it listens.
 */
export function shortenLongDeadlines(): () => void {
  const onListen = (message: unknown) => {
    const { server } = message as { server: Server };
    server.prependListener('stream', (_stream: unknown, headers: IncomingHttpHeaders) => {
      const timeout = headers['grpc-timeout'];
      if (timeout !== undefined && isTooLong(timeout)) headers['grpc-timeout'] = `${LONGEST_S}S`;
    });
  };
  subscribe(LISTEN, onListen);
  return () => unsubscribe(LISTEN, onListen);
}

/** Reads the header as grpc-js does. */
function isTooLong(timeout: string | string[]): boolean {
  const [, amount, unit = ''] = /(\d{1,8})\s*([HMSmun])/.exec(String(timeout)) ?? [];
  return Number(amount) * (SECONDS[unit] ?? 0) > LONGEST_S;
}
