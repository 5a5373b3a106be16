import { CallError } from '../errors/call-error.js';
import { type Call, currentCall } from './call.js';

/**
 * The call ended while its work was still going on. Nobody waits for the answer, unless the caller's clock is a little
 * behind: it says then what the caller is about to find out.
 */
export class CallEnded extends CallError {
  override name = 'CallEnded';
  constructor({ deadline }: Pick<Call, 'deadline'>) {
    if (Date.now() >= deadline) super('DEADLINE_PASSED', 'the deadline has passed');
    else super('CALL_ENDED', 'the call has ended');
  }
}

/** @throws CallEnded when the current call has no one waiting for it any more */
export function throwIfEnded(call = currentCall()): void {
  if (call?.ended) throw new CallEnded(call);
}
