import type { Arrival, Gate } from '../server/admission.js';
import { bearerToken } from './bearer-token.js';
import { TokenVerifier } from './token-verifier.js';

/**
 * Lets nobody pass without a good token, and says who it is. A token that is known costs no more than a look into
 * memory.
 *
 * @param beforeProof passed first by each call that has proved nothing yet: a limit for those who guess
 */
export function authenticate(verifier: TokenVerifier, beforeProof: Gate): Gate {
  return (arrival) => {
    let token: string;
    try {
      token = bearerToken(arrival.metadata);
    } catch (error) {
      return refuseAfter(beforeProof(arrival), error);
    }
    const digest = TokenVerifier.digest(token);
    const identity = verifier.known(digest);
    if (identity) {
      arrival.identity = identity;
      return undefined;
    }
    return prove(arrival, token, digest, verifier, beforeProof);
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

async function refuseAfter(passed: void | Promise<void>, error: unknown): Promise<never> {
  await passed;
  throw error;
}
