import type { Gate } from '../server/admission.js';
import { invalidFields } from '../validation/parse.js';

/** Refuses oversize metadata: Node's HTTP/2 limit alone would end the whole connection, or none at all. */
export function limitMetadata(maxBytes: number): Gate {
  return ({ metadata }) => {
    let bytes = 0;
    const all = metadata.toJSON();
    for (const key in all) {
      for (const value of all[key] ?? []) bytes += key.length + value.length;
    }
    if (bytes > maxBytes) {
      throw invalidFields([{ field: 'metadata', description: `must be at most ${maxBytes} bytes` }]);
    }
  };
}
