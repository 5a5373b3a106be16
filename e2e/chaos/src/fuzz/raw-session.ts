import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';

/** One request, whatever it is made of. */
export interface RawRequest {
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers?: OutgoingHttpHeaders;
}

/** How a request was answered, such as `INVALID_ARGUMENT`, `HTTP 415`, `reset 8` or `no answer`. */
export interface RawAnswer {
  readonly status: string;
  readonly ms: number;
}

const ANSWER_LIMIT_MS = 5000;

/** Requests on HTTP/2 itself, where nothing has to be a gRPC message. A connection that the server ends is replaced. */
export class RawSession {
  #session: ClientHttp2Session | undefined;

  constructor(private readonly authority: string) {}

  send({ path, body, headers }: RawRequest): Promise<RawAnswer> {
    const startedAt = performance.now();
    return new Promise((resolve) => {
      let status = 'no status';
      const end = (how: string) => {
        clearTimeout(timer);
        resolve({ status: how, ms: performance.now() - startedAt });
      };
      const stream = this.#open().request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: path,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        [constants.HTTP2_HEADER_TE]: 'trailers',
        ...headers,
      });
      const timer = setTimeout(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        end('no answer');
      }, ANSWER_LIMIT_MS);
      stream.on('response', (answer) => {
        if (answer[':status'] !== 200) status = `HTTP ${answer[':status']}`;
        if (answer['grpc-status'] !== undefined) status = String(answer['grpc-status']);
      });
      stream.on('trailers', (trailers) => {
        if (trailers['grpc-status'] !== undefined) status = String(trailers['grpc-status']);
      });
      stream.on('error', () => {});
      stream.on('close', () => end(status === 'no status' ? `reset ${stream.rstCode}` : status));
      stream.resume();
      stream.end(body);
    });
  }

  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect(`http://${this.authority}`);
    session.on('error', () => {});
    this.#session = session;
    return session;
  }
}
