import type { Gate } from '../server/admission.js';
import type { KitSettings } from '../settings/kit-settings.js';
import { callerNetwork } from './caller-network.js';
import { RateLimit } from './rate-limit.js';

/** Limits of the same size, apart so that those who prove nothing crowd out neither those who do nor those who may. */
export interface RateGates {
  /** By address, for calls without a token. */
  readonly withoutToken: Gate;
  /** By address, for calls whose token is still to be verified. */
  readonly beforeProof: Gate;
  /** By identity; by address where nobody has to prove one. */
  readonly byIdentity: Gate;
}

const unlimited: Gate = () => {};

/** Refuses a caller's calls beyond the rate that the settings allow. */
export function limitRate(settings: KitSettings): RateGates {
  if (settings.RATE_LIMIT_PER_SECOND === 0)
    return { withoutToken: unlimited, beforeProof: unlimited, byIdentity: unlimited };
  const addresses = new RateLimit(settings);
  const identities = new RateLimit(settings);
  return {
    withoutToken: ({ address }) => addresses.take(`${callerNetwork(address)} without a token`),
    beforeProof: ({ address }) => addresses.take(callerNetwork(address)),
    byIdentity: ({ identity }) =>
      identity.kind === 'anonymous' ? addresses.take(callerNetwork(identity.name)) : identities.take(identity.name),
  };
}
