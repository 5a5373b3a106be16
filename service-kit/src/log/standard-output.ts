import { type DestinationStream, pino } from 'pino';

/**
 * Standard output, to which the lines of one turn of the event loop go with one write: at 64 changes in flight a write
 * for each of them was a fifth of what a change costs. A process that ends by itself, in whatever way, has written its
 * lines; one that is killed may lack those of its last turn.
 */
class StandardOutput implements DestinationStream {
  readonly #output = pino.destination({ fd: 1, sync: true });
  #lines = '';

  constructor() {
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    if (this.#lines === '') setImmediate(() => this.flushSync());
    this.#lines += line;
  }

  /** By pino's name for it, which calls it after a fatal line. */
  flushSync(): void {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.#output.write(lines);
  }
}

export const standardOutput: DestinationStream = new StandardOutput();
