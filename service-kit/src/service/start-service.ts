import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { DiscoveryService, NestFactory, Reflector } from '@nestjs/core';
import { type CertificateFiles, internalCertificates, publicCertificates } from '../auth/certificate-files.js';
import { peerIdentity } from '../auth/credentials.js';
import { PublicCallers } from '../auth/public-callers.js';
import { requireScopes } from '../auth/scopes.js';
import { Peers } from '../client/peers.js';
import { createPool, prismaOptions, writableCheck } from '../database/database.js';
import { DomainError } from '../errors/domain-error.js';
import { createLogger, logGrpc, nestLogger } from '../log/logger.js';
import { RepeatedFailures } from '../log/repeated-failures.js';
import { pendingMigrations } from '../migrate/migrate.js';
import { AuditLog } from '../server/audit-log.js';
import { callInterceptor, type OnCallEnd } from '../server/call.interceptor.js';
import { CallPolicy, MAX_METADATA_BYTES } from '../server/call-policy.js';
import { StatusExceptionFilter } from '../server/exception.filter.js';
import { GrpcStrategy, type Listener } from '../server/grpc.strategy.js';
import { Readiness } from '../server/readiness.js';
import { addReflection } from '../server/reflection.js';
import { checkSettings } from '../settings/check-settings.js';
import { type KitSettings, readSettings } from '../settings/kit-settings.js';
import { recordServerCall } from '../telemetry/calls.js';
import { logTelemetryErrors, shutdownTelemetry } from '../telemetry/telemetry.js';
import { KitModule, LOGGER, PRISMA_OPTIONS, SETTINGS } from './kit.module.js';
import type { ServiceDefinition } from './service-definition.js';

type Identify = ConstructorParameters<typeof CallPolicy>[2];

/** A service that was started. */
export interface RunningService {
  readonly publicPort: number;
  readonly internalPort: number;
  /** Stops in order: NOT_SERVING, the calls in flight, the channels, the database. */
  stop(): Promise<void>;
}

/** Longer than the time between two exports of metrics, ms. */
const TELEMETRY_QUIET_MS = 90_000;

/**
 * Starts a service. It listens after one check of the database, and serves once that answers and has every migration.
 *
 * @throws SettingsError that names every bad variable
 */
export async function startService(definition: ServiceDefinition, env = process.env): Promise<RunningService> {
  const settings = readSettings(definition.settings.superRefine(checkSettings), env);
  const logger = createLogger(definition.name, settings.LOG_LEVEL);
  logGrpc(logger);
  logTelemetryErrors(new RepeatedFailures(logger, TELEMETRY_QUIET_MS));
  if (settings.AUTH_OFF_BEYOND_LOOPBACK === 'yes') logger.warn('AUTH=off: every client that reaches the port may call');

  // jose is loaded only where tokens are verified: it takes 40 ms.
  const { TokenVerifier } = settings.AUTH === 'jwt' ? await import('../auth/token-verifier.js') : {};
  const verifier = TokenVerifier && new TokenVerifier(settings, logger);
  const publicTls = publicCertificates(settings, logger);
  const internalTls = internalCertificates(settings, logger);
  const peers = new Peers(internalTls);
  const pool = createPool(settings, definition.name);
  const audit = new AuditLog(logger);
  const filter = new StatusExceptionFilter(logger, audit, new RepeatedFailures(logger));

  const checks = {
    pendingMigrations: () => pendingMigrations(pool, fileURLToPath(definition.migrations)),
    prepare: async () => definition.warmUp?.(app),
    ping: writableCheck(pool),
  };
  const readiness = new Readiness(checks, settings.READINESS_INTERVAL_MS, logger);

  const onCallEnd: OnCallEnd = (call, code, milliseconds, refusal) => {
    if (refusal !== undefined) filter.log(refusal, call);
    recordServerCall(call.method, code, milliseconds, refusal instanceof DomainError ? refusal.reason : undefined);
    if (!logger.isLevelEnabled('debug')) return; // a request id is made where it is needed
    const { method, requestId, identity } = call;
    logger.debug({ method, requestId, caller: identity.name, code, milliseconds }, 'call ended');
  };
  const createPort = (name: 'public' | 'internal', certificates: CertificateFiles | undefined, identify: Identify) => {
    const names = Object.keys(definition[name]);
    const health = readiness.healthOf(names);
    const policy = new CallPolicy(settings.MAX_CALLS_IN_FLIGHT, () => readiness.migrated, identify);
    const listener: Listener = {
      name,
      host: settings.LISTEN_HOST,
      port: name === 'public' ? settings.PUBLIC_PORT : settings.INTERNAL_PORT,
      credentials: certificates?.serverCredentials() ?? ServerCredentials.createInsecure(),
      options: { ...serverOptions(settings), interceptors: [callInterceptor(policy, onCallEnd)] },
      services: Object.values(definition[name]),
      addServices: (server) => {
        health.addToServer(server);
        if (name === 'public') addReflection(server, [...names, 'grpc.health.v1.Health']);
      },
    };
    return { policy, listener };
  };
  const callers = new PublicCallers(settings, verifier);
  const ports = [
    createPort('public', publicTls, (call) => callers.identify(call)),
    createPort('internal', internalTls, async (call) => {
      if (internalTls) call.identity = peerIdentity(call, settings.INTERNAL_PEER_NAMES);
    }),
  ];

  const strategy = new GrpcStrategy(
    ports.map(({ listener }) => listener),
    (call, request, response) => audit.answered(call, request, response),
  );
  const providers = [
    { provide: SETTINGS, useValue: settings },
    { provide: LOGGER, useValue: logger },
    { provide: Peers, useValue: peers },
    { provide: PRISMA_OPTIONS, useValue: prismaOptions(pool) },
  ];
  const app = await NestFactory.createMicroservice(KitModule.around(definition.module, providers, filter), {
    strategy,
    logger: nestLogger(logger),
    abortOnError: false,
  });
  const release = async () => {
    await app.close();
    for (const open of [peers, verifier, publicTls, internalTls]) open?.close();
    await pool.end();
  };

  try {
    requireScopes(app.get(DiscoveryService), app.get(Reflector));
    // Where the database is there already, the first call finds everything prepared.
    await readiness.check();
    await app.listen();
  } catch (error) {
    await release();
    throw error;
  }
  const watching = readiness.watch();
  const [publicPort, internalPort] = [strategy.portOf('public'), strategy.portOf('internal')];
  logger.info({ publicPort, internalPort }, 'listening for gRPC');

  const stop = async () => {
    readiness.stop();
    for (const { policy } of ports) policy.endStreams();
    const drained = await strategy.drain(settings.DRAIN_TIMEOUT_MS);
    if (!drained) logger.warn('some calls did not end in time and are cut off');
    await watching;
    await release();
    logger.info('stopped');
    await shutdownTelemetry();
  };
  return { publicPort, internalPort, stop };
}

const serverOptions = (settings: KitSettings): ServerOptions => ({
  'grpc.max_receive_message_length': 1024 * 1024,
  'grpc.max_concurrent_streams': 1000,
  'grpc.max_connection_age_ms': settings.MAX_CONNECTION_AGE_MS,
  'grpc.max_connection_age_grace_ms': 10_000,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Twice our own limit, so that the call policy answers instead of a broken connection.
  'grpc.max_metadata_size': 2 * MAX_METADATA_BYTES,
  // Without the debugging state of every channel and call.
  'grpc.enable_channelz': 0,
});
