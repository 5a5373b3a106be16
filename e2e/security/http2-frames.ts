import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { frame, PREFACE } from '../chaos/src/fuzz/broken-frames.js';

/** Frame types and flags (RFC 9113, section 6). */
export const Frame = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, CONTINUATION: 9 } as const;
export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;

/** A header field that nobody has to remember (RFC 7541, 6.2.2), in plain bytes. */
export function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

/** The headers of a call, but for what it carries. */
export function callHeaders(path: string, ...more: Buffer[]): Buffer {
  return Buffer.concat([
    Buffer.of(0x83, 0x87), // :method POST, :scheme https
    field(':path', path),
    field(':authority', 'localhost'),
    field('content-type', 'application/grpc'),
    field('te', 'trailers'),
    ...more,
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([length(bytes.length), bytes]);
}

/** An integer with a prefix of seven bits (RFC 7541, 5.1). */
function length(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A connection on which anything can be said. */
export class RawConnection {
  #closed = false;
  private constructor(private readonly socket: TLSSocket) {
    socket.on('close', () => {
      this.#closed = true;
    });
    socket.on('error', () => {});
    socket.resume();
  }

  static async open(port: number, ca: Buffer): Promise<RawConnection> {
    const socket = connect({ host: 'localhost', port, ca, ALPNProtocols: ['h2'] });
    await once(socket, 'secureConnect');
    socket.write(Buffer.concat([PREFACE, frame(Frame.SETTINGS, 0, 0)]));
    return new RawConnection(socket);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The error codes of the streams that the other side resets from now on, by their numbers. */
  watchResets(): ReadonlyMap<number, number> {
    const resets = new Map<number, number>();
    let received = Buffer.alloc(0);
    this.socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const end = 9 + received.readUIntBE(0, 3);
        if (received[3] === Frame.RST_STREAM) resets.set(received.readUInt32BE(5), received.readUInt32BE(9));
        received = received.subarray(end);
      }
    });
    return resets;
  }

  /** Sends, and waits while the other side takes no more; at most a moment. */
  async send(...frames: Buffer[]): Promise<void> {
    if (this.#closed) return;
    if (this.socket.write(Buffer.concat(frames))) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    const ends = ['drain', 'close', 'error'].map((event) => once(this.socket, event, { signal }).catch(() => {}));
    await Promise.race(ends);
    waiting.abort();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
