import type { Attributes } from '@opentelemetry/api';
import utils from '@opentelemetry/sdk-metrics/build/src/utils.js';

const { hashAttributes } = utils;
const hashes = new WeakMap<Attributes, string>();

/**
 * Attributes that are never changed, for use with many records. The SDK finds what a record adds to by its attributes as
 * sorted JSON, which is most of what a record costs: of these it is made once.
 */
export function lasting(attributes: Attributes): Attributes {
  hashes.set(attributes, hashAttributes(attributes));
  return Object.freeze(attributes);
}

// The SDK has no other way in; all else of it, such as deltas and limits, stays its own. A test tells when this is lost.
Object.assign(utils, { hashAttributes: (one: Attributes) => hashes.get(one) ?? hashAttributes(one) });
