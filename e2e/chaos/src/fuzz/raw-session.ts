import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';

/** One request of any bytes and headers. */
export interface RawRequest {
  readonly path: string;
  readonly body: Buffer;
  readonly headers?: OutgoingHttpHeaders;
}

/** How a request was answered: a gRPC status code, `HTTP 415`, `reset 8` or `no answer`. */
export interface RawAnswer {
  readonly status: string;
  readonly ms: number;
}

const ANSWER_LIMIT_MS = 20_000;

/** Sends requests by Node's HTTP/2, which checks nothing of gRPC. A connection that the server ends is replaced. */
export class RawSession {
  #session: ClientHttp2Session | undefined;

  constructor(private readonly authority: string) {}

  async send({ path, body, headers }: RawRequest): Promise<RawAnswer> {
    const startedAt = performance.now();
    let status: string | undefined;
    let ms = 0;
    const stream = this.#open().request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
      ...headers,
    });
    const answer = (received: string) => {
      status = received;
      ms = performance.now() - startedAt;
    };
    stream.setTimeout(ANSWER_LIMIT_MS, () => {
      answer('no answer');
      stream.close(constants.NGHTTP2_CANCEL);
    });
    for (const event of ['response', 'trailers']) {
      stream.on(event, (received) => {
        const httpStatus = received[':status'] ?? 200;
        if (httpStatus !== 200) answer(`HTTP ${httpStatus}`);
        else if (received['grpc-status'] !== undefined) answer(String(received['grpc-status']));
      });
    }
    stream.on('error', () => {});
    stream.resume();
    stream.end(body);
    await new Promise((resolve) => stream.once('close', resolve));
    // A long request may end long after its answer.
    if (status === undefined) answer(`reset ${stream.rstCode}`);
    return { status: status as string, ms };
  }

  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    this.#session = connect(`http://${this.authority}`).on('error', () => {});
    return this.#session;
  }
}
