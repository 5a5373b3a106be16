import { BinaryReader } from '@bufbuild/protobuf/wire';
import { DomainError } from '../errors/domain-error.js';

/** Refuses strings that are not UTF-8; the generated decoders would change them. */
class StrictReader extends BinaryReader {
  override string(): string {
    return super.string(true);
  }
}

/**
 * A generated decoder that returns a DomainError instead of throwing: grpc-js would answer INTERNAL before any interceptor.
 * It reads all bytes first, since the decoder stops at a field number 0 and at the end of a group.
 */
export const markMalformed = (deserialize: (bytes: Buffer) => unknown) =>
  orMalformed((bytes) => {
    const reader = new StrictReader(bytes);
    while (reader.pos < reader.len) {
      const [fieldNumber, wireType] = reader.tag();
      // Throws where the value does not end, or has no such type.
      reader.skip(wireType, fieldNumber);
    }
    reader.pos = 0;
    return deserialize(reader as unknown as Buffer);
  });

/** The same for any decoder. */
export const orMalformed =
  (deserialize: (bytes: Buffer) => unknown) =>
  (bytes: Buffer): unknown => {
    try {
      return deserialize(bytes);
    } catch {
      return new DomainError('INVALID_ARGUMENT', 'MALFORMED_MESSAGE', 'the request message does not parse');
    }
  };
