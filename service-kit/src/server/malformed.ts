import { BinaryReader } from '@bufbuild/protobuf/wire';
import { DomainError } from '../errors/domain-error.js';

/** Stands in for a request whose bytes do not parse. */
const MALFORMED = Symbol('malformed request');

export const isMalformed = (message: unknown): boolean => message === MALFORMED;

export const malformedMessage = () =>
  new DomainError('INVALID_ARGUMENT', 'MALFORMED_MESSAGE', 'the request message does not parse');

/** A reader that refuses strings that are not UTF-8, instead of changing them. */
class StrictReader extends BinaryReader {
  override string(): string {
    return super.string(true);
  }
}

type Deserialize = (bytes: Buffer) => unknown;

/**
 * A ts-proto decoder that refuses bytes that are not protobuf as a whole. By itself it stops at a field number 0 or at the
 * end of a group, and takes what it has read so far for the message. It takes a reader in place of bytes.
 */
export const strictly =
  (deserialize: Deserialize): Deserialize =>
  (bytes) => {
    const reader = new StrictReader(bytes);
    while (reader.pos < reader.len) {
      const [fieldNumber, wireType] = reader.tag();
      reader.skip(wireType, fieldNumber);
    }
    reader.pos = 0;
    return deserialize(reader as unknown as Buffer);
  };

/** A decoder that returns a marker instead of throwing: grpc-js would answer INTERNAL before any interceptor. */
export const tolerantly =
  (deserialize: Deserialize): Deserialize =>
  (bytes) => {
    try {
      return deserialize(bytes);
    } catch {
      return MALFORMED;
    }
  };
