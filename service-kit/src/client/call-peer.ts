import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Call, CallEnded, currentCall, throwIfEnded } from '../call/call.js';

/** A method of a ts-proto client, such as `client.getAuthor.bind(client)`. */
export type UnaryMethod<Req, Res> = (
  request: Req,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Res) => void,
) => ClientUnaryCall;

/**
 * Calls a peer for the current call: with its request id, its cancellation, and the rest of its deadline or `deadlineMs`,
 * whichever is shorter.
 *
 * @throws CallEnded when the current call ended first
 * @throws ServiceError of grpc-js, which the caller translates
 */
export async function callPeer<Req, Res>(
  method: UnaryMethod<Req, Res>,
  request: Req,
  deadlineMs: number,
): Promise<Res> {
  const call = currentCall();
  const deadline = Math.min(Date.now() + deadlineMs, call?.deadline ?? Number.POSITIVE_INFINITY);
  try {
    return await attempt(method, request, deadline, call);
  } catch (error) {
    // A burst of cancelled calls ends the connection for every other call on it, with INTERNAL, which a retry policy for
    // UNAVAILABLE misses. Peers' methods are idempotent: once more, on a new connection.
    if (isSessionLoss(error)) return attempt(method, request, deadline, call);
    throw error;
  }
}

function attempt<Req, Res>(
  method: UnaryMethod<Req, Res>,
  request: Req,
  deadline: number,
  call: Call | undefined,
): Promise<Res> {
  throwIfEnded(call);
  const metadata = new Metadata();
  if (call) metadata.set('x-request-id', call.requestId);
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
