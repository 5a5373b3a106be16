import { z } from 'zod';
import { FAIL_POINT } from '../fail-points/fail-point.js';
import { integer, oneOf, optionalSetting, type Settings, setting, text } from './setting.js';

export * from './setting.js';

const port = integer(0, 65_535);
/** grpc-js adds up to a tenth to the age of a connection. */
const MAX_AGE_MS = 1_900_000_000;

/** pg ignores the parameters that it does not know: sslmode is not prefer, and schema is not another schema. */
const URL_PARAMETERS: Readonly<Record<string, RegExp>> = {
  ...{ host: /./, port: /./, user: /./, password: /./, sslrootcert: /./, sslcert: /./, sslkey: /./ },
  sslmode: /^(disable|no-verify|require|verify-ca|verify-full)$/,
  schema: /^public$/,
};
const postgresUrl = z.string().superRefine((value, context) => {
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    context.addIssue('must be a postgresql:// URL with a host');
    return;
  }
  const { hostname, searchParams } = new URL(value);
  if (hostname.includes(',')) context.addIssue('must name one host');
  const unknown = [...searchParams].filter(([name, given]) => !URL_PARAMETERS[name]?.test(given)).map(([name]) => name);
  if (unknown.length > 0)
    context.addIssue(`has a parameter, or a value of one, that is not supported: ${unknown.join(', ')}`);
});

/** Several values, separated by commas. */
const names = z
  .string()
  .transform((value) => value.split(',').map((name) => name.trim()))
  .pipe(z.array(text));

/** The environment variables of every service on the kit. What needs no change is a constant beside its use. */
export const kitSettings = {
  LISTEN_HOST: setting('address of both listeners', text, '0.0.0.0'),
  PUBLIC_PORT: setting('port of the public listener; 0 takes a free one', port),
  INTERNAL_PORT: setting('port of the internal listener, for peer services only; 0 takes a free one', port),

  AUTH: setting('callers of the public port: off, all; jwt, those with a token', oneOf('off', 'jwt')),
  AUTH_OFF_BEYOND_LOOPBACK: setting('yes allows AUTH=off on an address beyond loopback', oneOf('yes', 'no'), 'no'),
  JWT_JWKS_FILE: optionalSetting('file with the public keys of tokens, a JSON Web Key Set', text),
  JWT_JWKS_URL: optionalSetting('or their URL: https, or http on loopback', text),
  JWT_ISSUER: optionalSetting('issuer of the tokens (iss)', text),
  JWT_AUDIENCE: optionalSetting('audience of the tokens (aud)', text),

  TLS_CERT_FILE: optionalSetting('certificate chain of the public port, PEM', text),
  TLS_KEY_FILE: optionalSetting('its private key, PEM', text),
  INTERNAL_TLS_CERT_FILE: optionalSetting('certificate chain for peers, as server and as client, PEM', text),
  INTERNAL_TLS_KEY_FILE: optionalSetting('its private key, PEM', text),
  INTERNAL_TLS_CA_FILE: optionalSetting("certificate authority of the peers' certificates, PEM", text),
  INTERNAL_PEER_NAMES: setting('DNS names in the certificates of the peers that may call, separated by commas', names),

  RATE_LIMIT_PER_SECOND: setting('calls per second of each caller on each replica; 0 is no limit', integer(0), '500'),
  RATE_LIMIT_BURST: setting('calls beyond the rate that a caller may make at once', integer(0), '1000'),
  MAX_CALLS_IN_FLIGHT: setting('most calls in flight on each listener; the next is refused', integer(1), '256'),
  MAX_CONNECTION_AGE_MS: setting('age at which a client is asked to reconnect, ms', integer(1000, MAX_AGE_MS), '60000'),

  DATABASE_URL: setting("PostgreSQL of this service, as the service's own role", postgresUrl),
  DATABASE_PASSWORD: optionalSetting('password of that role, instead of one in DATABASE_URL', text),
  DATABASE_POOL_SIZE: setting('most connections to the database', integer(1, 1000), '10'),
  DATABASE_ACQUIRE_TIMEOUT_MS: setting('longest wait for a connection, ms', integer(1), '2000'),
  DATABASE_STATEMENT_TIMEOUT_MS: setting('longest time of a statement, ms', integer(1), '1500'),

  PEER_DEADLINE_MS: setting('longest time of a call to a peer, retries included, ms', integer(1), '2000'),
  READINESS_INTERVAL_MS: setting('time between two checks of the database, ms', integer(10), '500'),
  DRAIN_TIMEOUT_MS: setting('longest time to wait for calls in flight at a stop, ms', integer(0), '8000'),

  FAIL_POINT: optionalSetting(
    'step at which the process ends without clean-up, NAME:NTH; only with NODE_ENV=test',
    z.string().regex(FAIL_POINT, 'must be NAME:NTH, such as create-book.inserted:1'),
  ),
  LOG_LEVEL: setting('least severe line to log', oneOf('debug', 'info', 'warn', 'error'), 'info'),
  LOG_FORMAT: setting('json, pretty, or auto: pretty on a terminal', oneOf('auto', 'json', 'pretty'), 'auto'),
};

/** The environment variables of the migration. */
export const migrateSettings = {
  DATABASE_URL: setting('PostgreSQL to migrate, as the role that owns it', postgresUrl),
  DATABASE_PASSWORD: kitSettings.DATABASE_PASSWORD,
  SERVICE_ROLE: optionalSetting('role of the service; created if it is missing', text),
  SERVICE_ROLE_PASSWORD: optionalSetting(
    'password to set for that role',
    // Clients prepare other characters in different ways before they hash a password.
    z.string().regex(/^[ -~]+$/, 'must be printable ASCII'),
  ),
  LOG_LEVEL: kitSettings.LOG_LEVEL,
  LOG_FORMAT: kitSettings.LOG_FORMAT,
};

export type KitSettings = Settings<typeof kitSettings>;
