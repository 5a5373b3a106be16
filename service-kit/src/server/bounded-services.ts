import type { handleBidiStreamingCall, MethodDefinition, Server } from '@grpc/grpc-js';
import { DomainError } from '../errors/domain-error.js';
import { orMalformed } from './malformed.js';

/** The longest request for health or reflection, bytes: names. */
const MAX_REQUEST_BYTES = 4096;

type AddService = Pick<Server, 'addService'>;
type Stream = handleBidiStreamingCall<unknown, unknown>;

/**
 * Where the libraries of health and reflection add their services. They repeat whatever a caller sends, and a stream of
 * answers that nobody reads would grow: so requests are short, and none is read while answers wait.
 */
export const boundedServices = (server: Server): AddService => ({
  addService: (service, handlers) => {
    const definition: Record<string, MethodDefinition<unknown, unknown>> = {};
    const bounded = { ...handlers };
    for (const [name, method] of Object.entries(service)) {
      definition[name] = { ...method, requestDeserialize: orMalformed(short(method.requestDeserialize)) };
      if (method.requestStream) bounded[name] = paused(handlers[name] as Stream);
    }
    server.addService(definition, bounded);
  },
});

const short =
  (deserialize: (bytes: Buffer) => unknown) =>
  (bytes: Buffer): unknown => {
    if (bytes.length <= MAX_REQUEST_BYTES) return deserialize(bytes);
    const message = `the request message is larger than ${MAX_REQUEST_BYTES} bytes`;
    return new DomainError('INVALID_ARGUMENT', 'MALFORMED_MESSAGE', message);
  };

const paused =
  (handler: Stream): Stream =>
  (stream) => {
    handler(stream);
    stream.on('data', () => {
      if (!stream.writableNeedDrain) return;
      stream.pause();
      stream.once('drain', () => stream.resume());
    });
  };
