import type { Action, Operation } from './operation.js';

/** Records the calls about one author, made by several clients of this process at once. */
export class History {
  readonly #operations: Operation[] = [];
  #clock = 0;

  /** Makes a call and records it: what `read` makes of its outcome; nothing when that tells nothing. */
  async record<T>(call: () => Promise<T>, read: (outcome: T) => Action | undefined): Promise<T> {
    const begin = this.#clock++;
    const outcome = await call();
    const end = this.#clock++;
    const action = read(outcome);
    if (action)
      this.#operations.push({ action, begin, end: action.answer === 'unknown' ? Number.POSITIVE_INFINITY : end });
    return outcome;
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  toString(): string {
    const lines = [...this.#operations].sort((a, b) => a.begin - b.begin);
    return lines.map(({ action, begin, end }) => `  ${begin}..${end} ${JSON.stringify(action)}`).join('\n');
  }
}
