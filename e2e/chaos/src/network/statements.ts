import type { TcpLink } from './tcp-link.js';

/** A message that asks PostgreSQL to run something, on the clock of `performance.now()`. */
export interface Statement {
  readonly at: number;
  /** The text and the parameters. */
  readonly content: string;
}

const PARSE = 'P';
const BIND = 'B';
const QUERY = 'Q';

/**
 * What a service sends to PostgreSQL through a link, as it reaches the link.
 *
 * @see https://www.postgresql.org/docs/18/protocol-message-formats.html
 */
export class Statements {
  readonly all: Statement[] = [];
  readonly #rest = new WeakMap<object, Buffer>();

  constructor(link: TcpLink) {
    link.onBytes = (bytes, direction, connection) => {
      if (direction === 'request') this.#read(bytes, connection);
    };
  }

  /** Those sent after this time that hold one of these texts. */
  after(time: number, markers: readonly string[]): Statement[] {
    return this.all.filter(({ at, content }) => at > time && markers.some((marker) => content.includes(marker)));
  }

  with(marker: string): Statement[] {
    return this.after(Number.NEGATIVE_INFINITY, [marker]);
  }

  #read(bytes: Buffer, connection: object): void {
    let left = Buffer.concat([this.#rest.get(connection) ?? Buffer.alloc(0), bytes]);
    for (;;) {
      // The first message of a connection has no type: it begins with its length, which is short.
      const header = left[0] === 0 ? 0 : 1;
      if (left.length < header + 4) break;
      const length = header + left.readUInt32BE(header);
      if (left.length < length) break;
      const type = header === 1 ? String.fromCharCode(left[0] as number) : '';
      const content = left.toString('utf8', header + 4, length);
      if (type === PARSE || type === BIND || type === QUERY) this.all.push({ at: performance.now(), content });
      left = left.subarray(length);
    }
    this.#rest.set(connection, left);
  }
}
