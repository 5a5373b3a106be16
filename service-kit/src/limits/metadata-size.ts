import type { Gate } from '../server/admission.js';
import { invalidFields } from '../validation/parse.js';

/** Refuses oversize metadata: Node's HTTP/2 limit alone would end the whole connection, or none at all. */
export function limitMetadata(maxBytes: number): Gate {
  return ({ metadata }) => {
    let bytes = 0;
    for (const [key, values] of Object.entries(metadata.toJSON())) {
      for (const value of values) bytes += key.length + value.length;
    }
    if (bytes > maxBytes) {
      throw invalidFields([{ field: 'metadata', description: `must be at most ${maxBytes} bytes` }]);
    }
  };
}
