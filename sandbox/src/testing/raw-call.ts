import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { NO_PROXY } from '../promise-client.js';

export interface RawAnswer {
  readonly bytes: Buffer;
  /** Of the answer's first headers. */
  readonly metadata: Metadata;
}

/** One unary call whose request is these very bytes, be they a message or not. */
export function rawCall(
  at: number | string,
  path: string,
  bytes: Uint8Array,
  metadata = new Metadata(),
): Promise<RawAnswer> {
  const client = new Client(typeof at === 'number' ? `127.0.0.1:${at}` : at, credentials.createInsecure(), NO_PROXY);
  const options = { deadline: Date.now() + 10_000 };
  const same = (message: Buffer) => message;
  return new Promise<RawAnswer>((resolve, reject) => {
    let headers = new Metadata();
    const call = client.makeUnaryRequest(path, same, same, Buffer.from(bytes), metadata, options, (error, answer) =>
      error ? reject(error) : resolve({ bytes: answer as Buffer, metadata: headers }),
    );
    call.on('metadata', (received) => {
      headers = received;
    });
  }).finally(() => client.close());
}
