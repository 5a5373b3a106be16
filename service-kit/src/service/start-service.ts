import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { experimental, ServerCredentials, type ServerOptions, status } from '@grpc/grpc-js';
import { DiscoveryService, NestFactory, Reflector } from '@nestjs/core';
import { internalCertificates, publicCertificates } from '../auth/certificate-files.js';
import { requireScopes } from '../auth/scopes.js';
import { runForNoCall } from '../call/call.js';
import { createPool, expectWritable, openAll, prismaOptions } from '../database/database.js';
import { expectSession } from '../database/session.js';
import { DomainError } from '../errors/domain-error.js';
import { armFailPoint } from '../fail-points/fail-point.js';
import { logGrpcThrough } from '../log/grpc-log.js';
import { createLogger, type Logger, NestLogger } from '../log/logger.js';
import { RepeatedFailures } from '../log/repeated-failures.js';
import { pendingMigrations } from '../migrate/applied-migrations.js';
import { AuditLog } from '../server/audit-log.js';
import { type CallPolicy, callInterceptor } from '../server/call.interceptor.js';
import { logUnavailable } from '../server/exception.filter.js';
import { GrpcStrategy } from '../server/grpc.strategy.js';
import { Readiness } from '../server/readiness.js';
import { addReflection } from '../server/reflection.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { readSettings } from '../settings/setting.js';
import { recordServerCall, traceRefusedCall } from '../telemetry/calls.js';
import { logTelemetryErrors, shutdownTelemetry } from '../telemetry/telemetry.js';
import { InternalPolicy, MAX_METADATA_BYTES, PublicPolicy } from './call-policies.js';
import { checkSettings } from './check-settings.js';
import { KitModule } from './kit.module.js';
import type { ServiceDefinition } from './service-definition.js';

/** A service that has been started. */
export interface RunningService {
  readonly publicPort: number;
  readonly internalPort: number;
  /** Drains and ends: unready first, then the calls in flight, then the channels, then the database. */
  stop(): Promise<void>;
}

/** The longest time at a stop for telemetry that is still to be exported, ms; the least where draining took all of its time. */
const FLUSH_MS = 2000;
const LEAST_FLUSH_MS = 250;
const HEALTH = 'grpc.health.v1.Health';

/**
 * Starts a service: it looks at its database once and listens, and serves as soon as that answers and has every migration.
 *
 * @throws SettingsError that names every bad variable
 */
export async function startService(definition: ServiceDefinition, env = process.env): Promise<RunningService> {
  const settings = readSettings(definition.settings, env);
  checkSettings(settings, env);
  const logger = createLogger(definition.name, settings);
  logGrpcThrough(logger);
  logTelemetryErrors(logger);
  if (settings.AUTH_OFF_BEYOND_LOOPBACK === 'yes') logger.warn('AUTH=off: anybody who reaches the port may call');
  if (settings.FAIL_POINT) logger.warn(`FAIL_POINT=${settings.FAIL_POINT}: this process ends there without clean-up`);
  armFailPoint(settings.FAIL_POINT);

  const tokens = await tokenVerification(settings, logger);
  const certificates = {
    public: publicCertificates(settings, logger),
    internal: internalCertificates(settings, logger),
  };
  const pool = createPool(settings, definition.name);
  const migrations = fileURLToPath(definition.migrations);
  const readiness = new Readiness(
    { public: Object.keys(definition.public), internal: Object.keys(definition.internal) },
    async () => {
      await expectSession(pool);
      return pendingMigrations(async (sql) => (await pool.query(sql)).rows, migrations);
    },
    async () => {
      await openAll(pool);
      await definition.warmUp?.(app);
    },
    () => expectWritable(pool),
    settings.READINESS_INTERVAL_MS,
    logger,
  );

  const audit = new AuditLog(logger);
  const failures = new RepeatedFailures(logger);
  const ended: CallPolicy['ended'] = (call, code, milliseconds, refusal) => {
    const { method, metadata, requestId, identity } = call;
    const log = () => {
      if (refusal !== undefined) audit.refused(call, refusal);
      // Until the database is migrated, readiness says why.
      if (refusal !== undefined && code === status.UNAVAILABLE && readiness.migrated) logUnavailable(failures, refusal);
      logger.debug({ method, requestId, caller: identity.name, code, milliseconds }, 'call ended');
    };
    const reason = refusal instanceof DomainError ? refusal.reason : undefined;
    recordServerCall(method, code, milliseconds, reason);
    if (reason) traceRefusedCall(method, metadata, milliseconds, code, reason, log);
    else log();
  };
  const publicPolicy = new PublicPolicy(settings, readiness, ended, tokens?.verifier);
  const peerNames = certificates.internal && settings.INTERNAL_PEER_NAMES;
  const internalPolicy = new InternalPolicy(settings, readiness, ended, peerNames);
  const { createCertificateProviderServerCredentials: serverCredentials } = experimental;
  const strategy = new GrpcStrategy(
    [
      {
        name: 'public',
        host: settings.LISTEN_HOST,
        port: settings.PUBLIC_PORT,
        credentials: certificates.public
          ? serverCredentials(certificates.public, null, false)
          : ServerCredentials.createInsecure(),
        interceptor: callInterceptor(publicPolicy),
        options: serverOptions(settings),
        services: Object.values(definition.public),
        addServices: (server) => {
          readiness.health.public.addToServer(server);
          addReflection(server, [...Object.keys(definition.public), HEALTH]);
        },
      },
      {
        name: 'internal',
        host: settings.LISTEN_HOST,
        port: settings.INTERNAL_PORT,
        credentials: certificates.internal
          ? serverCredentials(certificates.internal, certificates.internal, true)
          : ServerCredentials.createInsecure(),
        interceptor: callInterceptor(internalPolicy),
        options: serverOptions(settings),
        services: Object.values(definition.internal),
        addServices: (server) => readiness.health.internal.addToServer(server),
      },
    ],
    (call, request, response) => audit.answered(call, request, response),
  );
  const app = await NestFactory.createMicroservice(
    KitModule.around(definition.module, settings, logger, prismaOptions(pool), audit, failures),
    { strategy, logger: new NestLogger(logger), abortOnError: false },
  );
  const release = async () => {
    await app.close();
    tokens?.close();
    certificates.public?.close();
    certificates.internal?.close();
    await pool.end();
  };
  try {
    requireScopes(app.get(DiscoveryService), app.get(Reflector));
    // Where the database is there already, the first call of a new replica finds it prepared.
    await runForNoCall(() => readiness.look());
    await app.listen();
  } catch (error) {
    await release();
    throw error;
  }

  const watching = runForNoCall(() => readiness.watch());
  const [publicPort, internalPort] = [strategy.portOf('public'), strategy.portOf('internal')];
  logger.info({ publicPort, internalPort }, 'listening for gRPC');
  return {
    publicPort,
    internalPort,
    stop: async () => {
      readiness.stop();
      publicPolicy.endStreams();
      internalPolicy.endStreams();
      const cutOffAt = Date.now() + settings.DRAIN_TIMEOUT_MS;
      const drained = await strategy.drain(settings.DRAIN_TIMEOUT_MS);
      if (!drained) logger.warn('some calls did not end in time and are cut off');
      await watching;
      await release();
      logger.info('stopped');
      await shutdownTelemetry(Math.min(FLUSH_MS, Math.max(LEAST_FLUSH_MS, cutOffAt - Date.now())));
    },
  };
}

/** Undefined where AUTH is off. jose is loaded only where tokens are verified: it takes 40 ms. */
async function tokenVerification(settings: KitSettings, logger: Logger) {
  if (settings.AUTH === 'off') return undefined;
  const [{ keysFromFile, keysFromUrl }, { TokenVerifier }] = await Promise.all([
    import('../auth/token-keys.js'),
    import('../auth/token-verifier.js'),
  ]);
  const { JWT_JWKS_FILE, JWT_JWKS_URL } = settings;
  const keys = JWT_JWKS_FILE ? keysFromFile(JWT_JWKS_FILE, logger) : keysFromUrl(JWT_JWKS_URL as string);
  return { verifier: new TokenVerifier(settings, keys), close: () => keys.close() };
}

const serverOptions = (settings: KitSettings): ServerOptions => ({
  'grpc.max_receive_message_length': 1024 * 1024,
  'grpc.max_concurrent_streams': 1000,
  'grpc.max_connection_age_ms': settings.MAX_CONNECTION_AGE_MS,
  'grpc.max_connection_age_grace_ms': 10_000,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Twice our own limit, so that the policy answers instead of a broken connection.
  'grpc.max_metadata_size': 2 * MAX_METADATA_BYTES,
  // Debugging state of every channel and call.
  'grpc.enable_channelz': 0,
});
