import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { isLoopback } from '../service/check-open-listeners.js';

/**
 * Places beyond the limit for this machine alone: a service whose own probe is turned away would be restarted. A probe
 * takes one, for milliseconds: no setting.
 */
const KEPT_FOR_PROBES = 10;

/** Closes the connection beyond the limit at once. Those that are open lose nothing by it. */
export function limitConnections(server: Http2Server, limit: number): void {
  let open = 0;
  server.prependListener('connection', (socket: Socket) => {
    const places = isLoopback(socket.remoteAddress ?? '') ? limit + KEPT_FOR_PROBES : limit;
    if (open >= places) {
      socket.destroy();
      return;
    }
    open++;
    socket.once('close', () => {
      open--;
    });
  });
}
