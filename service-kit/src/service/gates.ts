import { authenticate } from '../auth/authenticate.js';
import { authorize } from '../auth/authorize.js';
import type { TokenVerifier } from '../auth/token-verifier.js';
import { unavailable } from '../database/database-errors.js';
import { limitInFlight } from '../limits/in-flight.js';
import { limitRate } from '../limits/limit-rate.js';
import { limitMetadata } from '../limits/metadata-size.js';
import type { Gate, Gates } from '../server/admission.js';
import type { OpenStreams } from '../server/open-streams.js';
import type { Readiness } from '../server/readiness.js';
import type { KitSettings } from '../settings/kit-settings.js';
import type { Endpoint, ServiceDefinition } from './service-definition.js';

const isHealth = (method: string) => method.startsWith('/grpc.health.v1.Health/');
const isReflection = (method: string) => method.startsWith('/grpc.reflection.');
/** Answers at once, unlike Watch, and must do so on a full server, too. */
const HEALTH_CHECK = '/grpc.health.v1.Health/Check';

/**
 * What a call of the public port has to pass: who it is, how many it makes, what it may do; then whether there is room.
 *
 * @param verifier none where anybody may call
 */
export function publicGates(
  definition: ServiceDefinition,
  settings: KitSettings,
  readiness: Readiness,
  streams: OpenStreams,
  verifier: TokenVerifier | undefined,
): Gates {
  const { byIdentity, ...unproved } = limitRate(settings);
  const who = verifier ? [authenticate(verifier, unproved), byIdentity] : [byIdentity];
  const what = verifier ? [authorize(definition.scopes, isReflection)] : [];
  const closed = [...who, ...what].map((gate) => only((method) => !isHealth(method), gate));
  return withRoom(closed, definition.public, settings, readiness, streams);
}

/** What a call of the internal port has to pass; the other service is not held to a rate. */
export function internalGates(
  definition: ServiceDefinition,
  settings: KitSettings,
  readiness: Readiness,
  streams: OpenStreams,
  peer: Gate | undefined,
): Gates {
  return withRoom(peer ? [peer] : [], definition.internal, settings, readiness, streams);
}

function withRoom(
  before: readonly Gate[],
  endpoint: Endpoint,
  settings: KitSettings,
  readiness: Readiness,
  streams: OpenStreams,
): Gates {
  const own = new Set(Object.values(endpoint).flatMap((service) => Object.values(service).map(({ path }) => path)));
  const isOwn = (method: string) => own.has(method);
  // Streams of health and reflection stay open as long as a client likes.
  const isStream = (method: string) => !isOwn(method) && method !== HEALTH_CHECK;
  const migrated: Gate = () => {
    if (!readiness.migrated) throw unavailable(new Error('not migrated yet'));
  };
  const inFlight = () => limitInFlight(settings.MAX_CALLS_IN_FLIGHT, settings.OVERLOAD_RETRY_AFTER_MS);
  return {
    arrival: [
      ...before,
      limitMetadata(settings.MAX_METADATA_BYTES),
      only(isOwn, migrated),
      only(isStream, inFlight()),
      only(isStream, streams.gate),
    ],
    work: only(isOwn, inFlight()),
  };
}

const only =
  (applies: (method: string) => boolean, gate: Gate): Gate =>
  (arrival) =>
    applies(arrival.method) ? gate(arrival) : undefined;
