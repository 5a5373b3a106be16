import { Metadata, status } from '@grpc/grpc-js';
import { RpcException } from '@nestjs/microservices';
import type { Call } from '../call/call.js';
import { unavailable } from '../database/database-errors.js';
import { DomainError } from '../errors/domain-error.js';
import { invalidFields } from '../validation/zod-validation.pipe.js';

/** The most request metadata, bytes. */
export const MAX_METADATA_BYTES = 16_384;
const OVERLOADED_RETRY_AFTER_MS = 100;
const SHUTTING_DOWN = { code: status.UNAVAILABLE, details: 'the server is shutting down' };

/** Streams of health and reflection stay open for as long as a client likes. */
const isStream = ({ method }: Call) =>
  method.startsWith('/grpc.reflection.') || method === '/grpc.health.v1.Health/Watch';

/** What a call of one port has to pass before a handler gets it. */
export class CallPolicy {
  readonly #calls = new Set<Call>();
  /** Two sets, since watches of health need no token. */
  readonly #watches = new Set<Call>();
  readonly #streams = new Set<Call>();
  #streamsEnded = false;

  /** @param identify sets the call's identity or throws */
  constructor(
    private readonly maxCalls: number,
    private readonly isMigrated: () => boolean,
    private readonly identify: (call: Call) => Promise<void>,
  ) {}

  /** Passes a call that has just arrived by returning, or refuses it by throwing. */
  async admit(call: Call): Promise<void> {
    await this.identify(call);
    limitMetadata(call.metadata);
    if (isStream(call)) {
      if (this.#streamsEnded) throw new RpcException(SHUTTING_DOWN);
      if (!call.ended) this.#add(call.isHealth ? this.#watches : this.#streams, call);
    } else if (!call.isHealth && !this.isMigrated()) {
      throw unavailable();
    }
  }

  /** The same once its request is complete, so that a caller that never finishes a request takes no place. */
  begin(call: Call): void {
    if (!call.isHealth && !isStream(call)) this.#add(this.#calls, call);
  }

  end(call: Call): void {
    this.#calls.delete(call);
    this.#watches.delete(call);
    this.#streams.delete(call);
  }

  /** Ends the streams of health and reflection, which no client would end by itself. */
  endStreams(): void {
    this.#streamsEnded = true;
    for (const call of [...this.#watches, ...this.#streams]) {
      call.cancel();
      call.connection.sendStatus({ ...SHUTTING_DOWN, metadata: new Metadata() });
    }
  }

  /** Refuses at once what is beyond the limit: a queue would make every call late. */
  #add(calls: Set<Call>, call: Call): void {
    if (calls.size >= this.maxCalls) {
      throw new DomainError('RESOURCE_EXHAUSTED', 'OVERLOADED', 'the server is full; try again', {
        retryAfterMs: OVERLOADED_RETRY_AFTER_MS,
      });
    }
    calls.add(call);
  }
}

/** The limits of grpc-js and of Node would end the whole connection. */
function limitMetadata(metadata: Metadata): void {
  let bytes = 0;
  for (const [key, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) bytes += key.length + value.length;
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw invalidFields([{ field: 'metadata', description: `must be at most ${MAX_METADATA_BYTES} bytes` }]);
  }
}
