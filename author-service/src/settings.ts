import { integer, kitSettings, type Settings, setting, text } from '@bookstore/service-kit';

/** The environment of the author service: the kit's, and its own. */
export const authorSettings = {
  ...kitSettings,
  PUBLIC_PORT: { ...kitSettings.PUBLIC_PORT, defaultValue: '50051' },
  INTERNAL_PORT: { ...kitSettings.INTERNAL_PORT, defaultValue: '50061' },
  INTERNAL_PEER_NAME: { ...kitSettings.INTERNAL_PEER_NAME, defaultValue: 'book-service' },
  BOOK_SERVICE_ADDRESS: setting("host:port, or gRPC target, of the book service's internal port", text),
  DELETE_RECOVERY_INTERVAL_MS: setting('time between two looks for unfinished deletions, ms', integer(10), '1000'),
  DELETE_RECOVERY_DELAY_MS: setting(
    'time that whoever began a deletion has for it before it counts as unfinished, ms; more than PEER_DEADLINE_MS',
    integer(1),
    '3000',
  ),
  DELETE_RECOVERY_RETRY_MS: setting(
    'time until an unfinished deletion is tried again, give or take a quarter, ms',
    integer(1),
    '1000',
  ),
  DELETE_RECOVERY_BATCH: setting('most unfinished deletions taken up at a time', integer(1, 1000), '32'),
};

export type AuthorSettings = Settings<typeof authorSettings>;
