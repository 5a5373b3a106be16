import { type ResponseType, responseTypes } from '@bookstore/proto';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { ServiceDefinition } from '@grpc/grpc-js';

/** What an answer beyond this took is given back. */
const KEPT_BYTES = 64 * 1024;

let shared = new BinaryWriter();

/**
 * The service with another encoder for its answers: all are written into the same memory one after the other, and copied
 * out of it once. As it is generated, each takes memory outside of V8's heap for itself, and is copied twice.
 */
export function withSharedWriter(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const type = responseTypes.get(method.path);
    return [name, type ? { ...method, responseSerialize: (message: unknown) => encode(type, message) } : method];
  });
  return Object.fromEntries(methods) as ServiceDefinition;
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
