import { BinaryReader } from '@bufbuild/protobuf/wire';
import { CallError } from '../errors/call-error.js';

/** Stands in for a request whose bytes do not parse. */
const MALFORMED = Symbol('malformed request');

export const isMalformed = (message: unknown): boolean => message === MALFORMED;

export const malformedMessage = () => new CallError('MALFORMED_MESSAGE', 'the request message does not parse');

/** protobuf's strings are UTF-8; what is not would otherwise be changed without a word. */
class StrictReader extends BinaryReader {
  override string(): string {
    return super.string(true);
  }
}

type Deserialize = (bytes: Buffer) => unknown;

/**
 * A ts-proto decoder that refuses what is not protobuf all through. By itself it stops at a field number 0 or the end of
 * a group that did not begin, and takes what it has read by then for the message. It takes a reader in place of bytes.
 */
export const strictly =
  (deserialize: Deserialize): Deserialize =>
  (bytes) => {
    const reader = new StrictReader(bytes);
    requireFields(reader);
    reader.pos = 0;
    return deserialize(reader as unknown as Buffer);
  };

/** @throws Error unless the bytes are a row of whole fields */
function requireFields(reader: BinaryReader): void {
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    reader.skip(wireType, fieldNumber);
  }
}

/**
 * A decoder that never throws: grpc-js would answer such bytes with INTERNAL, before any interceptor. They arrive as a
 * marker instead, for the admission interceptor to refuse.
 */
export const tolerantly =
  (deserialize: Deserialize): Deserialize =>
  (bytes) => {
    try {
      return deserialize(bytes);
    } catch {
      return MALFORMED;
    }
  };
