import { type ResponseType, responseTypes } from '@bookstore/proto';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MethodDefinition } from '@grpc/grpc-js';

/** What has to be known of a method that answers with a T. */
type Method<T> = Pick<MethodDefinition<unknown, T>, 'path' | 'responseSerialize'>;

/** What an answer beyond this took is given back. */
const KEPT_BYTES = 64 * 1024;

let shared = new BinaryWriter();

/**
 * A method's encoder for its answers, which are all written into the same memory one after the other, and copied out of it
 * once. As it is generated, each takes memory outside of V8's heap for itself, and is copied twice.
 */
export function responseEncoder<T>({ path, responseSerialize }: Method<T>): (message: T) => Buffer {
  const type = responseTypes.get(path);
  return type ? (message) => encode(type, message) : responseSerialize;
}

function encode(type: ResponseType, message: unknown): Buffer {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = type.encode(message as never, shared).finish();
  } catch (error) {
    // What it left there is no part of the next answer.
    shared = new BinaryWriter();
    throw error;
  }
  if (bytes.length > KEPT_BYTES) shared = new BinaryWriter();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
