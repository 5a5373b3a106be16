import { type ResponseType, responseTypes } from '@bookstore/proto';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MethodDefinition } from '@grpc/grpc-js';

/** What has to be known of a method that answers with a T. */
type Method<T> = Pick<MethodDefinition<unknown, T>, 'path' | 'responseSerialize'>;

/** What an answer beyond this took is given back. */
const KEPT_BYTES = 64 * 1024;

/** What the library has written so far, and where. It has no way to it but `finish`, which takes memory outside of V8's heap. */
interface Memory {
  readonly buffer: Uint8Array;
  pos: number;
}

let shared = new BinaryWriter();

/**
 * A method's encoder for its answers, which are all written into the same memory one after the other, and copied from there
 * into Node's pool of small buffers. As it is generated, each takes memory outside of V8's heap for itself, which is 7 % of a
 * read's CPU.
 */
export function responseEncoder<T>({ path, responseSerialize }: Method<T>): (message: T) => Buffer {
  const type = responseTypes.get(path);
  return type ? (message) => encode(type, message) : responseSerialize;
}

function encode(type: ResponseType, message: unknown): Buffer {
  try {
    type.encode(message as never, shared);
  } catch (error) {
    // What it left there is no part of the next answer.
    shared = new BinaryWriter();
    throw error;
  }
  const memory = shared as unknown as Memory;
  const { buffer, pos } = memory;
  const bytes = Buffer.allocUnsafe(pos);
  bytes.set(buffer.subarray(0, pos));
  memory.pos = 0;
  if (pos > KEPT_BYTES) shared = new BinaryWriter();
  return bytes;
}
