import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { NO_PROXY } from '../promise-client.js';

/** One unary call whose request is these very bytes, be they a message or not. Returns the bytes of the answer. */
export function rawCall(
  at: number | string,
  path: string,
  bytes: Uint8Array,
  metadata = new Metadata(),
): Promise<Buffer> {
  const client = new Client(typeof at === 'number' ? `127.0.0.1:${at}` : at, credentials.createInsecure(), NO_PROXY);
  const options = { deadline: Date.now() + 10_000 };
  const same = (message: Buffer) => message;
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, Buffer.from(bytes), metadata, options, (error, answer) =>
      error ? reject(error) : resolve(answer as Buffer),
    );
  }).finally(() => client.close());
}
