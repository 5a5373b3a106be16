import { kitSettings, type Settings, setting, text } from '@bookstore/service-kit/settings';

/** The environment variables of the book service: the kit's, with its own defaults, and its own. */
export const bookSettings = {
  ...kitSettings,
  PUBLIC_PORT: { ...kitSettings.PUBLIC_PORT, defaultValue: '50052' },
  INTERNAL_PORT: { ...kitSettings.INTERNAL_PORT, defaultValue: '50062' },
  INTERNAL_PEER_NAMES: { ...kitSettings.INTERNAL_PEER_NAMES, defaultValue: 'author-service' },
  AUTHOR_SERVICE_ADDRESS: setting("host:port, or gRPC target, of the author service's internal port", text),
};

export type BookSettings = Settings<typeof bookSettings>;
