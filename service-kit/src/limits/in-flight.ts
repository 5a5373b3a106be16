import { CallError } from '../errors/call-error.js';
import type { Gate } from '../server/admission.js';

/**
 * Refuses the call beyond the limit at once: a queue would only make all of them late.
 *
 * @param retryAfterMs about the time that a place takes to fall free, ms
 */
export function limitInFlight(limit: number, retryAfterMs: number): Gate {
  let inFlight = 0;
  const leave = () => {
    inFlight--;
  };
  return (arrival) => {
    if (inFlight >= limit) {
      throw new CallError('OVERLOADED', 'the server is full; try again', { retryAfterMs });
    }
    inFlight++;
    arrival.onEnd.push(leave);
  };
}
