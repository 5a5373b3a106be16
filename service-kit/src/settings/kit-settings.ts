import { z } from 'zod';
import { CRASH_PLAN } from '../fail-points/crash-plan.js';
import { integer, oneOf, optionalSetting, port, postgresUrl, type Settings, setting, someOf, text } from './setting.js';
import { LONGEST_STATEMENT_MS, PROBE_TIMEOUT_MS } from './timers.js';

/** How a service talks to the other one. */
export const peerSettings = {
  PEER_DEADLINE_MS: setting('longest a call to the other service may take, retries included, ms', integer(1), '2000'),
  PEER_MAX_ATTEMPTS: setting('how often a call that changes nothing twice is sent at most', integer(1, 5), '4'),
  PEER_FIRST_BACKOFF_MS: setting('longest wait before it is sent again, doubled each time, ms', integer(1), '50'),
  PEER_LONGEST_BACKOFF_MS: setting('longest that this wait becomes, ms', integer(1), '500'),
  PEER_RETRY_BUDGET: setting(
    'nothing is sent again once half as many calls have failed and no success has made up for them',
    integer(1, 1000),
    '10',
  ),
  PEER_RETRY_BUDGET_PERCENT: setting('what one success makes up for, % of a failed call', integer(1, 100), '10'),
  PEER_FIRST_RECONNECT_MS: setting('wait before a lost connection is made again, ms', integer(100), '200'),
  PEER_LONGEST_RECONNECT_MS: setting('longest that this wait becomes, ms', integer(100), '2000'),
  PEER_RESOLVE_INTERVAL_MS: setting(
    "least time between two look-ups of the other service's name, ms",
    integer(0),
    '1000',
  ),
  PEER_KEEPALIVE_TIME_MS: setting(
    'time between two looks whether the other service is still there, ms',
    integer(1000),
    '10000',
  ),
  PEER_KEEPALIVE_TIMEOUT_MS: setting('time that it then has to answer, ms', integer(100), '5000'),
};

export type PeerSettings = Settings<typeof peerSettings>;

/** What every service on the kit can be told. Each deadline, retry, limit and time-out has its default here. */
export const kitSettings = {
  LISTEN_HOST: setting('address that both listeners bind to', text, '0.0.0.0'),
  PUBLIC_PORT: setting('port of the public listener; 0 takes a free one', port),
  INTERNAL_PORT: setting('port of the internal listener, for the other service alone; 0 takes a free one', port),

  AUTH: setting('who may call the public port: off, anybody; jwt, holders of a token', oneOf('off', 'jwt')),
  AUTH_OFF_BEYOND_LOOPBACK: setting('yes allows AUTH=off on an address beyond loopback', oneOf('yes', 'no'), 'no'),

  JWT_JWKS_FILE: optionalSetting('file with the public keys that tokens are verified with, a JSON Web Key Set', text),
  JWT_JWKS_URL: optionalSetting('or where to fetch them: https, or http on loopback', text),
  JWT_JWKS_MAX_AGE_S: setting('longest that fetched keys are used before they are fetched again, s', integer(1), '600'),
  JWT_JWKS_TIMEOUT_MS: setting('longest that fetching them may take, ms', integer(1), '3000'),
  JWT_JWKS_COOLDOWN_MS: setting(
    'least time between two fetches because of a key that is not among them, ms',
    integer(1),
    '30000',
  ),
  JWT_ISSUER: optionalSetting('issuer of the tokens (iss)', text),
  JWT_AUDIENCE: optionalSetting('audience of the tokens (aud)', text),
  JWT_TYPE: setting('type in the header of the tokens (typ), RFC 9068', text, 'at+jwt'),
  JWT_ALGORITHMS: setting(
    'signature algorithms, by comma; asymmetric ones alone',
    someOf('EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'),
    'EdDSA,ES256,RS256',
  ),
  JWT_MAX_AGE_S: setting('longest that a token is accepted after it was issued, s', integer(1), '86400'),
  JWT_CLOCK_TOLERANCE_S: setting("largest difference to the issuer's clock, s", integer(0, 5), '5'),
  JWT_CACHE_SIZE: setting('most verified tokens remembered until they expire', integer(1, 1_000_000), '10000'),

  TLS_CERT_FILE: optionalSetting('certificate chain of the public port, PEM', text),
  TLS_KEY_FILE: optionalSetting('its private key, PEM', text),
  INTERNAL_TLS_CERT_FILE: optionalSetting(
    'certificate chain of this service towards the other one, as server and as client, PEM',
    text,
  ),
  INTERNAL_TLS_KEY_FILE: optionalSetting('its private key, PEM', text),
  INTERNAL_TLS_CA_FILE: optionalSetting("certificate authority of the other service's certificate, PEM", text),
  INTERNAL_PEER_NAME: setting('DNS name in the certificate of the other service', text),
  RELOAD_INTERVAL_MS: setting('time between two looks for changed key and certificate files, ms', integer(10), '1000'),

  RATE_LIMIT_PER_SECOND: setting('calls a second for each caller on each replica; 0 is no limit', integer(0), '500'),
  RATE_LIMIT_BURST: setting('calls beyond that, which a caller may make at once', integer(0), '1000'),
  RATE_LIMIT_MAX_IDENTITIES: setting('most callers told apart; those beyond share one limit', integer(1), '50000'),

  DATABASE_URL: setting("PostgreSQL of this service, as the service's own role", postgresUrl),
  DATABASE_PASSWORD: optionalSetting('password of that role, instead of one in DATABASE_URL', text),
  DATABASE_POOL_SIZE: setting('most connections to the database', integer(1, 1000), '10'),
  DATABASE_ACQUIRE_TIMEOUT_MS: setting('longest wait for a connection, ms', integer(1), '800'),
  DATABASE_IDLE_TIMEOUT_MS: setting('time after which an idle connection is closed, ms', integer(1000), '60000'),
  DATABASE_STATEMENT_TIMEOUT_MS: setting(
    'longest a statement may run, ms; the migration gives the role a limit of 2000',
    integer(1, LONGEST_STATEMENT_MS),
    '1500',
  ),

  ...peerSettings,

  MAX_CALLS_IN_FLIGHT: setting('most calls worked on at once on each listener; the next is refused', integer(1), '256'),
  OVERLOAD_RETRY_AFTER_MS: setting('time after which a call refused so is asked to come again, ms', integer(1), '100'),
  MAX_MESSAGE_BYTES: setting('longest request message, bytes', integer(1024), '1048576'),
  MAX_METADATA_BYTES: setting('most request metadata, bytes', integer(1024, 65_536), '16384'),
  MAX_CONNECTIONS: setting('most connections to each listener; the next is closed at once', integer(1), '1000'),
  MAX_STREAMS_PER_CONNECTION: setting('most concurrent calls on one connection', integer(1), '1000'),
  MAX_CONNECTION_AGE_MS: setting('age at which a connection is asked to reconnect, ms', integer(1000), '60000'),
  MAX_CONNECTION_AGE_GRACE_MS: setting('time its calls then have to end, ms', integer(1000), '10000'),
  KEEPALIVE_TIME_MS: setting('time between two looks whether a client is still there, ms', integer(1000), '30000'),
  KEEPALIVE_TIMEOUT_MS: setting('time that a client then has to answer, ms', integer(100), '10000'),

  READINESS_INTERVAL_MS: setting('time between two looks at the database, ms', integer(10), '500'),
  DRAIN_TIMEOUT_MS: setting('longest that calls in flight may hold up the end of the process, ms', integer(0), '8000'),
  TELEMETRY_FLUSH_TIMEOUT_MS: setting(
    'longest of that time that telemetry may take which is still to be sent, ms',
    integer(1),
    '2000',
  ),
  PROBE_TIMEOUT_MS: setting(
    "longest that the image's own health probe waits for its answer, ms",
    integer(1),
    String(PROBE_TIMEOUT_MS),
  ),

  FAIL_POINT: optionalSetting(
    'step at which the process ends without clean-up, NAME:NTH; refused unless NODE_ENV is test',
    z.string().regex(CRASH_PLAN, 'must be NAME:NTH, such as create-book.inserted:1'),
  ),

  LOG_LEVEL: setting('least severe line to log', oneOf('debug', 'info', 'warn', 'error'), 'info'),
  LOG_FORMAT: setting('json, pretty, or auto: pretty on a terminal', oneOf('auto', 'json', 'pretty'), 'auto'),
};

export type KitSettings = Settings<typeof kitSettings>;
