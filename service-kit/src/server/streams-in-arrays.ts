import type { Http2Session, Http2Stream } from 'node:http2';

/** What Node keeps of a session; not its API. */
interface SessionState {
  streams: StreamTable;
  pendingStreams: StreamTable;
}

/**
 * Has a session that is new keep its streams in arrays, which forget them. Node has a Map and a Set, and each call comes and
 * goes in both. V8 soon replaces the table of such a one by another; the old table still holds whom it held, and points to
 * the new one, which once the session has lived through a collection of the old generation is made there from the start. So
 * on a connection that lasts, much of what Node has for each call (2 KB) was in the old generation until that was collected.
 *
 * @returns false where Node keeps them in another way, and nothing has changed
 */
export function keepStreamsInArrays(session: Http2Session): boolean {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state');
  const state = symbol && (session as unknown as Record<symbol, Partial<SessionState> | undefined>)[symbol];
  if (state?.streams?.size !== 0 || state.pendingStreams?.size !== 0) return false;
  state.streams = new StreamTable();
  state.pendingStreams = new StreamTable();
  return true;
}

/** As much of a Map and of a Set as Node uses; for as many streams as one connection may have open. */
class StreamTable {
  readonly #keys: unknown[] = [];
  readonly #streams: Http2Stream[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(key: unknown): Http2Stream | undefined {
    const place = this.#keys.lastIndexOf(key);
    return place < 0 ? undefined : this.#streams[place];
  }

  set(key: unknown, stream: Http2Stream): this {
    this.#keys.push(key);
    this.#streams.push(stream);
    return this;
  }

  add(stream: Http2Stream): this {
    return this.set(stream, stream);
  }

  delete(key: unknown): boolean {
    const place = this.#keys.indexOf(key);
    if (place < 0) return false;
    const [lastKey, lastStream] = [this.#keys.pop(), this.#streams.pop()];
    // Whose place it was; the last one has just gone.
    if (place < this.#keys.length) {
      this.#keys[place] = lastKey;
      this.#streams[place] = lastStream as Http2Stream;
    }
    return true;
  }

  /** Of those that are there when it begins: who is told may leave. */
  forEach(tell: (stream: Http2Stream) => void): void {
    for (const stream of [...this.#streams]) tell(stream);
  }
}
