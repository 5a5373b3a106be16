import type { Gate } from '../server/admission.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { callerNetwork } from './caller-network.js';
import { RateLimit } from './rate-limit.js';

/** Two limits of the same size, apart so that those who prove nothing cannot crowd out those who do. */
export interface RateGates {
  /** By address, for calls that have proved nothing yet. */
  readonly byAddress: Gate;
  /** By identity; by address where nobody has to prove one. */
  readonly byIdentity: Gate;
}

const unlimited: Gate = () => {};

/** Refuses a caller's calls beyond the rate that the settings allow. */
export function limitRate(settings: KitSettings): RateGates {
  if (settings.RATE_LIMIT_PER_SECOND === 0) return { byAddress: unlimited, byIdentity: unlimited };
  const addresses = new RateLimit(settings);
  const identities = new RateLimit(settings);
  return {
    byAddress: ({ address }) => addresses.take(callerNetwork(address)),
    byIdentity: ({ identity }) =>
      identity.kind === 'anonymous' ? addresses.take(callerNetwork(identity.name)) : identities.take(identity.name),
  };
}
