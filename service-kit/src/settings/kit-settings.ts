import { z } from 'zod';
import { integer, text } from './read-settings.js';

export * from './read-settings.js';

const port = integer(0, 65_535);
/** grpc-js adds up to a tenth to the age of a connection. */
const MAX_AGE_MS = 1_900_000_000;

/** Others are refused, since pg ignores what it does not know: `sslmode=prefer` or another schema would have no effect. */
const URL_PARAMETERS: Readonly<Record<string, RegExp>> = {
  ...{ host: /./, port: /./, user: /./, password: /./, sslrootcert: /./, sslcert: /./, sslkey: /./ },
  sslmode: /^(disable|no-verify|require|verify-ca|verify-full)$/,
  schema: /^public$/,
};
const postgresUrl = z.string().superRefine((value, { addIssue }) => {
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    addIssue('must be a postgresql:// URL with a host');
    return;
  }
  const { hostname, searchParams } = new URL(value);
  if (hostname.includes(',')) addIssue('must name one host');
  const unknown = [...searchParams].filter(([name, given]) => !URL_PARAMETERS[name]?.test(given)).map(([name]) => name);
  if (unknown.length > 0) addIssue(`has a parameter, or a value of one, that is not supported: ${unknown.join(', ')}`);
});

/** Several values, separated by commas. */
const names = z
  .string()
  .transform((value) => value.split(',').map((name) => name.trim()))
  .pipe(z.array(text));

/** The environment variables of every service on the kit. What needs no change is a constant beside its use. */
export const kitSettings = z.object({
  LISTEN_HOST: text.default('0.0.0.0').describe('address of both listeners'),
  PUBLIC_PORT: port.describe('port of the public listener; 0 takes a free one'),
  INTERNAL_PORT: port.describe('port of the internal listener, for peer services only; 0 takes a free one'),

  AUTH: z.enum(['off', 'jwt']).describe('who may call the public port: off (everybody) or jwt (callers with a token)'),
  AUTH_OFF_BEYOND_LOOPBACK: z
    .enum(['yes', 'no'])
    .default('no')
    .describe('yes allows AUTH=off on an address beyond loopback'),
  JWT_JWKS_FILE: text.optional().describe('file with the public keys of tokens, a JSON Web Key Set'),
  JWT_JWKS_URL: text.optional().describe('URL of these keys: https, or http on loopback'),
  JWT_ISSUER: text.optional().describe('issuer of the tokens (iss)'),
  JWT_AUDIENCE: text.optional().describe('audience of the tokens (aud)'),

  TLS_CERT_FILE: text.optional().describe('certificate chain of the public port, PEM'),
  TLS_KEY_FILE: text.optional().describe('its private key, PEM'),
  INTERNAL_TLS_CERT_FILE: text.optional().describe('certificate chain for peers, as server and as client, PEM'),
  INTERNAL_TLS_KEY_FILE: text.optional().describe('its private key, PEM'),
  INTERNAL_TLS_CA_FILE: text.optional().describe("certificate authority of the peers' certificates, PEM"),
  INTERNAL_PEER_NAMES: names.describe('DNS names in the certificates of the peers that may call, separated by commas'),

  RATE_LIMIT_PER_SECOND: integer(0)
    .default(500)
    .describe('calls per second of each caller on each replica; 0 is no limit'),
  MAX_CALLS_IN_FLIGHT: integer(1).default(256).describe('most calls in flight on each listener; the next is refused'),
  MAX_CONNECTION_AGE_MS: integer(1000, MAX_AGE_MS)
    .default(60_000)
    .describe('age at which a client is asked to reconnect, ms'),

  DATABASE_URL: postgresUrl.describe("PostgreSQL of this service, as the service's own role"),
  DATABASE_PASSWORD: text.optional().describe('password of that role, instead of one in DATABASE_URL'),
  DATABASE_POOL_SIZE: integer(1, 1000).default(10).describe('most connections to the database'),
  DATABASE_ACQUIRE_TIMEOUT_MS: integer(1).default(2000).describe('longest wait for a connection, ms'),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(1).default(1500).describe('longest time of a statement, ms'),

  READINESS_INTERVAL_MS: integer(10).default(500).describe('time between two checks of the database, ms'),
  DRAIN_TIMEOUT_MS: integer(0).default(8000).describe('longest time to wait for calls in flight at a stop, ms'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('least severe line to log'),
});

export type KitSettings = Readonly<z.output<typeof kitSettings>>;

/** The environment variables of the migration. */
export const migrateSettings = z
  .object({
    DATABASE_URL: postgresUrl.describe('PostgreSQL to migrate, as the role that owns it'),
    DATABASE_PASSWORD: kitSettings.shape.DATABASE_PASSWORD,
    SERVICE_ROLE: text.optional().describe('role of the service; created if it is missing'),
    // Clients prepare other characters in different ways before they hash a password.
    SERVICE_ROLE_PASSWORD: z
      .string()
      .regex(/^[ -~]+$/, 'must be printable ASCII')
      .optional()
      .describe('password to set for that role'),
  })
  .refine(
    (role) => role.SERVICE_ROLE || !role.SERVICE_ROLE_PASSWORD,
    'SERVICE_ROLE_PASSWORD is set without SERVICE_ROLE',
  );
