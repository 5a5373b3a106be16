import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import type { ServerCredentials, ServerOptions } from '@grpc/grpc-js';
import { DiscoveryService, NestFactory } from '@nestjs/core';
import type { Pool } from 'pg';
import { AuditLog } from '../audit/audit-log.js';
import { checkScopes } from '../auth/authorize.js';
import { requirePeer } from '../auth/peer-certificate.js';
import { tokenVerification } from '../auth/token-verification.js';
import { transportSecurity } from '../auth/transport-security.js';
import { runForCall, runForNoCall } from '../call/call.js';
import { createPool, prismaOptions } from '../database/database.js';
import { checkFailPoint } from '../fail-points/check-fail-point.js';
import { logGrpcThrough } from '../log/grpc-log.js';
import { createLogger, NestLogger } from '../log/logger.js';
import { pendingMigrations } from '../migrate/applied-migrations.js';
import { admission, type EndListener, type Gates } from '../server/admission.js';
import { controllerHandlers } from '../server/controller-handlers.js';
import { GrpcListeners, type Listener } from '../server/grpc-listeners.js';
import { OpenStreams } from '../server/open-streams.js';
import { Readiness } from '../server/readiness.js';
import { addReflection } from '../server/reflection.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { readSettings } from '../settings/setting.js';
import { connections, waitingForConnection } from '../telemetry/pool-figures.js';
import { telemetry } from '../telemetry/telemetry.js';
import { checkOpenListeners } from './check-open-listeners.js';
import { checkSecurity } from './check-security.js';
import { internalGates, publicGates } from './gates.js';
import { KitModule, LOGGER, PRISMA_OPTIONS, SETTINGS } from './kit-module.js';
import type { Endpoint, ServiceDefinition } from './service-definition.js';

/** A service that has been started. */
export interface RunningService {
  readonly publicPort: number;
  readonly internalPort: number;
  /** Drains and ends: unready first, then the calls in flight, then the channels, then the database. */
  stop(): Promise<void>;
}

/** What a stop has for the telemetry that is left when nothing is left of DRAIN_TIMEOUT_MS, ms: too little for a setting. */
const LEAST_FLUSH_MS = 250;

const HEALTH = 'grpc.health.v1.Health';

/**
 * Starts a service: it listens at once, and serves as soon as its database answers and has every migration.
 *
 * @throws SettingsError that names every bad variable
 */
export async function startService(definition: ServiceDefinition, env = process.env): Promise<RunningService> {
  const settings = readSettings(definition.settings, env);
  const logger = createLogger(definition.name, settings);
  const on = telemetry();
  on?.start(definition.name, Object.keys(definition.scopes), logger);
  logGrpcThrough(logger);
  checkScopes([definition.public, definition.internal], definition.scopes);
  checkOpenListeners(settings, logger);
  checkSecurity(settings);
  checkFailPoint(settings, env, logger);
  const tokens = await tokenVerification(settings, logger);
  const security = transportSecurity(settings, logger);

  const pool = createPool(settings, definition.name);
  on?.observe(connections(pool));
  on?.observe(waitingForConnection(pool));
  const migrations = fileURLToPath(definition.migrations);
  const readiness = new Readiness(
    { public: Object.keys(definition.public), internal: Object.keys(definition.internal) },
    () => pendingMigrations(async (sql) => (await pool.query(sql)).rows, migrations),
    () => expectWritable(pool),
    settings.READINESS_INTERVAL_MS,
    logger,
  );

  const streams = new OpenStreams();

  const listener = (
    name: 'public' | 'internal',
    port: number,
    credentials: ServerCredentials,
    endpoint: Endpoint,
    gates: Gates,
  ): Listener => ({
    name,
    host: settings.LISTEN_HOST,
    port,
    credentials,
    options: serverOptions(settings),
    maxConnections: settings.MAX_CONNECTIONS,
    services: Object.values(endpoint),
    interceptor: on
      ? admission(on.gates(gates), on.endListener(logEnd, logger.isLevelEnabled('debug')))
      : admission(gates, logEnd),
    addExtras: (server) => {
      readiness.health[name].addToServer(server);
      if (name === 'public') addReflection(server, [...Object.keys(endpoint), HEALTH]);
    },
  });
  const audit = new AuditLog(logger, definition.scopes);
  const logEnd: EndListener = (arrival, code, milliseconds, refusal) => {
    if (refusal) audit.refused(arrival, refusal);
    if (!logger.isLevelEnabled('debug')) return;
    const { method, requestId, identity } = arrival;
    logger.debug({ method, requestId, caller: identity.name, code, milliseconds }, 'call ended');
  };

  const listeners = new GrpcListeners(
    [
      listener(
        'public',
        settings.PUBLIC_PORT,
        security.publicPort,
        definition.public,
        publicGates(definition, settings, readiness, streams, tokens?.verifier),
      ),
      listener(
        'internal',
        settings.INTERNAL_PORT,
        security.internalPort,
        definition.internal,
        internalGates(
          definition,
          settings,
          readiness,
          streams,
          security.mutual ? requirePeer(settings.INTERNAL_PEER_NAME) : undefined,
        ),
      ),
    ],
    (error) => logger.error({ err: error }, 'a call failed for a reason that no caller may know'),
    // The answer comes out of the call's own context, to which its line belongs.
    on
      ? (call, request, response) =>
          audit.tellsOf(call.method) && runForCall(call, () => audit.answered(call, request, response))
      : (call, request, response) => audit.answered(call, request, response),
  );
  const values = new Map<symbol, unknown>([
    [SETTINGS, settings],
    [PRISMA_OPTIONS, prismaOptions(pool)],
    [LOGGER, logger],
  ]);
  const app = await NestFactory.createMicroservice(KitModule.around(definition.module, values), {
    strategy: listeners,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const release = async () => {
    await app.close();
    tokens?.close();
    security.close();
    await pool.end();
  };
  try {
    listeners.handleBy(controllerHandlers(app.get(DiscoveryService)));
    await app.listen();
  } catch (error) {
    await release();
    throw error;
  }

  const watching = runForNoCall(() => readiness.watch());
  const publicPort = listeners.portOf('public');
  const internalPort = listeners.portOf('internal');
  logger.info({ publicPort, internalPort }, 'listening');
  return {
    publicPort,
    internalPort,
    stop: async () => {
      const cutOffAt = Date.now() + settings.DRAIN_TIMEOUT_MS;
      readiness.stop();
      streams.endAll();
      const drained = await listeners.drain(settings.DRAIN_TIMEOUT_MS);
      if (!drained) logger.warn('some calls did not end in time and are cut off');
      await watching;
      await release();
      logger.info('stopped');
      await on?.stop(Math.min(settings.TELEMETRY_FLUSH_TIMEOUT_MS, Math.max(LEAST_FLUSH_MS, cutOffAt - Date.now())));
    },
  };
}

/** @throws Error while the database does not answer, or refuses writes, as a standby does */
async function expectWritable(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ readOnly: string }>(
    'SELECT current_setting(\'transaction_read_only\') AS "readOnly"',
  );
  if (rows[0]?.readOnly === 'on') throw new Error('it is read-only');
}

function serverOptions(settings: KitSettings): ServerOptions {
  return {
    'grpc.max_receive_message_length': settings.MAX_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': settings.MAX_STREAMS_PER_CONNECTION,
    'grpc.max_connection_age_ms': settings.MAX_CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': settings.MAX_CONNECTION_AGE_GRACE_MS,
    'grpc.keepalive_time_ms': settings.KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': settings.KEEPALIVE_TIMEOUT_MS,
    // Twice the limit, so that the gate gives the answer rather than a broken connection.
    'grpc.max_metadata_size': 2 * settings.MAX_METADATA_BYTES,
    // Debugging state of every channel and call, which nobody asks for.
    'grpc.enable_channelz': 0,
  };
}
