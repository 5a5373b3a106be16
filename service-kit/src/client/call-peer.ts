import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { currentCall } from '../call/call.js';
import { CallEnded, throwIfEnded } from '../call/call-ended.js';

/** A method of a ts-proto client, such as `client.getAuthor.bind(client)`. */
export type UnaryMethod<Req, Res> = (
  request: Req,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Res) => void,
) => ClientUnaryCall;

/**
 * Calls the other service for the current call: with its request id, within what is left of its deadline and
 * `deadlineMs`, and no longer than somebody waits.
 *
 * @throws CallEnded when the current call ended first
 * @throws ServiceError as grpc-js has it; the caller says in its own words what that means
 */
export async function callPeer<Req, Res>(
  method: UnaryMethod<Req, Res>,
  request: Req,
  deadlineMs: number,
): Promise<Res> {
  try {
    return await attempt(method, request, deadlineMs);
  } catch (error) {
    // A burst of cancelled calls makes Node end the connection for every other call on it, with this INTERNAL, which no
    // retry policy for UNAVAILABLE covers. Peers' methods are idempotent: once more, on a new connection.
    if (isSessionLoss(error)) return attempt(method, request, deadlineMs);
    throw error;
  }
}

function attempt<Req, Res>(method: UnaryMethod<Req, Res>, request: Req, deadlineMs: number): Promise<Res> {
  const call = currentCall();
  throwIfEnded(call);
  const metadata = new Metadata();
  if (call) metadata.set('x-request-id', call.requestId);
  const deadline = Math.min(Date.now() + deadlineMs, call?.deadline ?? Number.POSITIVE_INFINITY);
  return new Promise<Res>((resolve, reject) => {
    const cancel = () => sent.cancel();
    const sent = method(request, metadata, { deadline }, (error, response) => {
      call?.signal.removeEventListener('abort', cancel);
      if (!error) resolve(response);
      else reject(call?.ended ? new CallEnded(call) : error);
    });
    call?.signal.addEventListener('abort', cancel, { once: true });
  });
}

const isSessionLoss = (error: unknown): boolean =>
  (error as ServiceError).code === status.INTERNAL && /session|stream/i.test((error as ServiceError).details ?? '');
