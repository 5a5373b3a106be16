import { z } from 'zod';
import { CRASH_PLAN } from '../fail-points/fail-point.js';
import { integer, listOf, oneOf, optionalSetting, port, postgresUrl, type Settings, setting, text } from './setting.js';
import { LONGEST_TIMER_MS } from './timers.js';

/** grpc-js adds up to a tenth to the age of a connection. */
const LONGEST_AGE_MS = Math.floor(LONGEST_TIMER_MS / 1.1);

/** The environment variables of every service on the kit. What nobody turns is a constant beside its use. */
export const kitSettings = {
  LISTEN_HOST: setting('address that both listeners bind to', text, '0.0.0.0'),
  PUBLIC_PORT: setting('port of the public listener; 0 takes a free one', port),
  INTERNAL_PORT: setting('port of the internal listener, for peer services alone; 0 takes a free one', port),

  AUTH: setting('callers of the public port: off, all; jwt, with a token', oneOf('off', 'jwt')),
  AUTH_OFF_BEYOND_LOOPBACK: setting('yes allows AUTH=off on an address beyond loopback', oneOf('yes', 'no'), 'no'),
  JWT_JWKS_FILE: optionalSetting('file with the public keys that tokens are verified with, a JSON Web Key Set', text),
  JWT_JWKS_URL: optionalSetting('or where to fetch them: https, or http on loopback', text),
  JWT_ISSUER: optionalSetting('issuer of the tokens (iss)', text),
  JWT_AUDIENCE: optionalSetting('audience of the tokens (aud)', text),

  TLS_CERT_FILE: optionalSetting('certificate chain of the public port, PEM', text),
  TLS_KEY_FILE: optionalSetting('its private key, PEM', text),
  INTERNAL_TLS_CERT_FILE: optionalSetting('certificate chain towards peers, as server and as client, PEM', text),
  INTERNAL_TLS_KEY_FILE: optionalSetting('its private key, PEM', text),
  INTERNAL_TLS_CA_FILE: optionalSetting("certificate authority of the peers' certificates, PEM", text),
  INTERNAL_PEER_NAMES: setting(
    'DNS names in the certificates of the peers that may call, separated by commas',
    listOf(text),
  ),

  RATE_LIMIT_PER_SECOND: setting('calls a second of each caller on each replica; 0 is no limit', integer(0), '500'),
  RATE_LIMIT_BURST: setting('calls beyond that which a caller may make at once', integer(0), '1000'),
  MAX_CALLS_IN_FLIGHT: setting('most calls in flight on each listener; the next is refused', integer(1), '256'),
  MAX_CONNECTION_AGE_MS: setting(
    'age at which a connection is asked to reconnect, ms',
    integer(1000, LONGEST_AGE_MS),
    '60000',
  ),

  DATABASE_URL: setting("PostgreSQL of this service, as the service's own role", postgresUrl),
  DATABASE_PASSWORD: optionalSetting('password of that role, instead of one in DATABASE_URL', text),
  DATABASE_POOL_SIZE: setting('most connections to the database', integer(1, 1000), '10'),
  DATABASE_ACQUIRE_TIMEOUT_MS: setting('longest wait for a connection, ms', integer(1), '2000'),
  DATABASE_STATEMENT_TIMEOUT_MS: setting('longest time of a statement, ms', integer(1), '1500'),

  PEER_DEADLINE_MS: setting('longest time of a call to a peer, retries included, ms', integer(1), '2000'),
  READINESS_INTERVAL_MS: setting('time between two looks at the database, ms', integer(10), '500'),
  DRAIN_TIMEOUT_MS: setting('longest time that calls in flight delay the end of the process, ms', integer(0), '8000'),

  FAIL_POINT: optionalSetting(
    'step at which the process ends without clean-up, NAME:NTH; refused unless NODE_ENV is test',
    z.string().regex(CRASH_PLAN, 'must be NAME:NTH, such as create-book.inserted:1'),
  ),
  LOG_LEVEL: setting('least severe line to log', oneOf('debug', 'info', 'warn', 'error'), 'info'),
  LOG_FORMAT: setting('json, pretty, or auto: pretty on a terminal', oneOf('auto', 'json', 'pretty'), 'auto'),
};

export type KitSettings = Settings<typeof kitSettings>;
