import { kitSettings, text } from '@bookstore/service-kit/settings';
import type { z } from 'zod';

/** The environment variables of the book service: the kit's, with its own defaults, and its own. */
export const bookSettings = kitSettings.extend({
  PUBLIC_PORT: kitSettings.shape.PUBLIC_PORT.default(50052),
  INTERNAL_PORT: kitSettings.shape.INTERNAL_PORT.default(50062),
  INTERNAL_PEER_NAMES: kitSettings.shape.INTERNAL_PEER_NAMES.default(['author-service']),
  AUTHOR_SERVICE_ADDRESS: text.describe("host:port, or gRPC target, of the author service's internal port"),
});

export type BookSettings = z.output<typeof bookSettings>;
