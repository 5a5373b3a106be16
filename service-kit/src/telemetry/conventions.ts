import { status } from '@grpc/grpc-js';
import { type Attributes, type Histogram, metrics } from '@opentelemetry/api';
import { lasting } from './lasting-attributes.js';

/** What these spans and metrics come from. */
export const SCOPE = '@bookstore/service-kit';

/** In seconds; finer than the convention's below 5 ms, where most calls end. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Made when first asked for: before the SDK has started there is no meter that counts. */
export function secondsHistogram(name: string, description: string): () => Histogram {
  let made: Histogram | undefined;
  return () => {
    made ??= metrics
      .getMeter(SCOPE)
      .createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: DURATION_BUCKETS } });
    return made;
  };
}

const known = new Map<string, Map<status | undefined, Attributes>>();

/**
 * A call as the semantic conventions name it, with its status once it has ended. One object for each method and status.
 *
 * @param method such as /bookstore.author.v1.AuthorService/GetAuthor
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 */
export function rpcAttributes(method: string, code?: status): Attributes {
  const ofMethod = known.get(method) ?? new Map<status | undefined, Attributes>();
  const before = ofMethod.get(code);
  if (before) return before;
  const attributes: Attributes = { 'rpc.system.name': 'grpc', 'rpc.method': method.slice(1) };
  if (code !== undefined) {
    attributes['rpc.response.status_code'] = status[code];
    if (code !== status.OK) attributes['error.type'] = status[code];
  }
  known.set(method, ofMethod.set(code, lasting(attributes)));
  return attributes;
}
