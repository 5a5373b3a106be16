import { integer, kitSettings, text } from '@bookstore/service-kit/settings';
import type { z } from 'zod';

/** The environment variables of the author service: the kit's, with its own defaults, and its own. */
export const authorSettings = kitSettings.extend({
  PUBLIC_PORT: kitSettings.shape.PUBLIC_PORT.default(50051),
  INTERNAL_PORT: kitSettings.shape.INTERNAL_PORT.default(50061),
  INTERNAL_PEER_NAMES: kitSettings.shape.INTERNAL_PEER_NAMES.default(['book-service']),
  BOOK_SERVICE_ADDRESS: text.describe("host:port, or gRPC target, of the book service's internal port"),
  DELETE_RECOVERY_INTERVAL_MS: integer(10)
    .default(1000)
    .describe('time between two searches for unfinished deletions, ms'),
});

export type AuthorSettings = z.output<typeof authorSettings>;
