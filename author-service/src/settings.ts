import { integer, kitSettings, type Settings, setting, text } from '@bookstore/service-kit/settings';

/** The environment variables of the author service: the kit's, with its own defaults, and its own. */
export const authorSettings = {
  ...kitSettings,
  PUBLIC_PORT: { ...kitSettings.PUBLIC_PORT, defaultValue: '50051' },
  INTERNAL_PORT: { ...kitSettings.INTERNAL_PORT, defaultValue: '50061' },
  INTERNAL_PEER_NAMES: { ...kitSettings.INTERNAL_PEER_NAMES, defaultValue: 'book-service' },
  BOOK_SERVICE_ADDRESS: setting("host:port, or gRPC target, of the book service's internal port", text),
  DELETE_RECOVERY_INTERVAL_MS: setting('time between two searches for unfinished deletions, ms', integer(10), '1000'),
};

export type AuthorSettings = Settings<typeof authorSettings>;
