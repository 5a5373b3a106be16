import type { Arrival, Gate } from '../server/admission.js';
import { authorizationOf, bearerToken } from './bearer-token.js';
import type { TokenVerifier } from './token-verifier.js';

/** What a call passes before it is known whose it is. */
export interface UnprovedGates {
  readonly withoutToken: Gate;
  readonly beforeProof: Gate;
}

/**
 * Lets nobody pass without a good token, and says who it is. A token that is known costs no more than a look into
 * memory.
 *
 * @param unproved passed first by each call that has proved nothing yet: limits for those who guess
 */
export function authenticate(verifier: TokenVerifier, unproved: UnprovedGates): Gate {
  return (arrival) => {
    try {
      const authorization = authorizationOf(arrival.metadata);
      const digest = verifier.digest(authorization);
      const identity = verifier.known(digest);
      if (!identity) return prove(arrival, bearerToken(authorization), digest, verifier, unproved.beforeProof);
      arrival.identity = identity;
      return undefined;
    } catch (error) {
      return refuseAfter(unproved.withoutToken(arrival), error);
    }
  };
}

async function prove(
  arrival: Arrival,
  token: string,
  digest: string,
  verifier: TokenVerifier,
  beforeProof: Gate,
): Promise<void> {
  // Many calls may start with the same new token: they share one verification, and count as one.
  const pending = verifier.pending(digest);
  if (!pending) await beforeProof(arrival);
  arrival.identity = await (verifier.pending(digest) ?? verifier.verify(token, digest));
}

async function refuseAfter(passed: ReturnType<Gate>, error: unknown): Promise<never> {
  await passed;
  throw error;
}
