import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import { grpcHeaders } from '@bookstore/sandbox/testing';
import { status } from '@grpc/grpc-js';

/** One request of any bytes and headers. */
export interface RawRequest {
  readonly path: string;
  readonly body: Buffer;
  readonly headers?: OutgoingHttpHeaders;
}

export interface RawAnswer {
  /** Such as `INVALID_ARGUMENT`, `HTTP 415`, `reset 8` or `no answer`. */
  readonly status: string;
  readonly ms: number;
}

const ANSWER_LIMIT_MS = 20_000;

/** Sends requests by Node's HTTP/2, which checks nothing of gRPC. A connection that the server ends is replaced. */
export class RawSession {
  #session: ClientHttp2Session | undefined;

  constructor(private readonly authority: string) {}

  async send({ path, body, headers }: RawRequest): Promise<RawAnswer> {
    if (!this.#session || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(`http://${this.authority}`).on('error', () => {});
    }
    const startedAt = performance.now();
    const answer = { status: '', ms: 0 };
    const answered = (status: string) => Object.assign(answer, { status, ms: performance.now() - startedAt });
    const stream = this.#session.request(grpcHeaders(path, headers));
    stream.setTimeout(ANSWER_LIMIT_MS, () => {
      answered('no answer');
      stream.close(constants.NGHTTP2_CANCEL);
    });
    const read = ({ ':status': httpStatus = 200, 'grpc-status': code }: Readonly<Record<string, unknown>>) => {
      if (httpStatus !== 200) answered(`HTTP ${httpStatus}`);
      else if (code !== undefined) answered(status[Number(code)] ?? String(code));
    };
    stream.on('response', read).on('trailers', read);
    stream.on('error', () => {});
    stream.resume();
    stream.end(body);
    await new Promise((resolve) => stream.once('close', resolve));
    // A long request may end long after its answer.
    return answer.status ? answer : answered(`reset ${stream.rstCode}`);
  }

  close(): void {
    this.#session?.destroy();
  }
}
