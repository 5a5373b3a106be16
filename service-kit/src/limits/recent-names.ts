/**
 * The names seen lately, no more than a limit of them. Two generations instead of a time for each name: one is forgotten
 * after it has not been seen for one to two periods.
 */
export class RecentNames {
  #young = new Set<string>();
  #old = new Set<string>();
  #turnsAt: number;

  constructor(
    private readonly limit: number,
    private readonly periodMs: number,
    now = performance.now(),
  ) {
    this.#turnsAt = now + periodMs;
  }

  /** Whether this name is among them now; false for a new one when they are too many already. */
  admit(name: string, now = performance.now()): boolean {
    if (now >= this.#turnsAt) this.#turn(now);
    if (this.#young.has(name)) return true;
    if (!this.#old.delete(name) && this.size >= this.limit) return false;
    this.#young.add(name);
    return true;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #turn(now: number): void {
    const quiet = now >= this.#turnsAt + this.periodMs;
    this.#old = quiet ? new Set() : this.#young;
    this.#young = new Set();
    this.#turnsAt = now + this.periodMs;
  }
}
