import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CallEnded, currentCall, throwIfEnded } from '../call/call.js';

/** The longest time of a call to a peer, retries included. */
const DEADLINE_MS = 2000;

/** A method of a generated client, such as `client.getAuthor.bind(client)`. */
type UnaryMethod<Req, Res> = (
  request: Req,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Res) => void,
) => ClientUnaryCall;

/**
 * Calls a peer for the current call, with its request id, its cancellation, and its deadline where that is earlier.
 *
 * @throws CallEnded when the current call ends first
 * @throws ServiceError of grpc-js
 */
export async function callPeer<Req, Res>(method: UnaryMethod<Req, Res>, request: Req): Promise<Res> {
  const call = currentCall();
  const deadline = Math.min(Date.now() + DEADLINE_MS, call?.deadline ?? Number.POSITIVE_INFINITY);

  const attempt = () => {
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
  };

  try {
    return await attempt();
  } catch (error) {
    // Many cancelled calls end their connection, for other calls on it with INTERNAL, which the retry policy does not
    // cover. Methods of peers are idempotent, so it is tried once more.
    const { code, details } = error as ServiceError;
    if (code === status.INTERNAL && /session|stream/i.test(String(details))) return attempt();
    throw error;
  }
}
