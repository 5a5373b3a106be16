import { Metadata, status } from '@grpc/grpc-js';
import type { Gate } from './admission.js';

/** Streams of health and reflection, which stay open for as long as a client likes: a server that stops ends them. */
export class OpenStreams {
  readonly #ends = new Set<() => void>();

  /** Notes a call until it ends. */
  readonly gate: Gate = ({ connection, onEnd }) => {
    const end = () =>
      connection.sendStatus({
        code: status.UNAVAILABLE,
        details: 'the server is shutting down',
        metadata: new Metadata(),
      });
    this.#ends.add(end);
    onEnd.push(() => this.#ends.delete(end));
  };

  /** Ends those that are open, after all that was written to them. */
  endAll(): void {
    for (const end of this.#ends) end();
    this.#ends.clear();
  }
}
