import { CallError } from '../errors/call-error.js';
import type { Gate } from '../server/admission.js';

/** When a caller that met a full server may try again, ms: about the time that a slot takes to fall free. */
const RETRY_AFTER_MS = 100;

/** Refuses the call beyond the limit at once: a queue would only make all of them late. */
export function limitInFlight(limit: number): Gate {
  let inFlight = 0;
  const leave = () => {
    inFlight--;
  };
  return (arrival) => {
    if (inFlight >= limit) {
      throw new CallError('OVERLOADED', 'the server is full; try again', { retryAfterMs: RETRY_AFTER_MS });
    }
    inFlight++;
    arrival.onEnd.push(leave);
  };
}
