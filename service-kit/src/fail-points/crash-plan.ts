/** How FAIL_POINT is written: the step's name, and at which time that it is reached. */
export const CRASH_PLAN = /^([a-z][a-z.-]*):([1-9]\d{0,5})$/;

/** At which step a process ends, and when: `create-book.inserted:3` is the third time that it gets there. */
export class CrashPlan {
  readonly #name: string;
  #left: number;

  /** @throws Error for what does not match CRASH_PLAN */
  constructor(plan: string) {
    const [, name, nth] = CRASH_PLAN.exec(plan) ?? [];
    if (name === undefined) throw new Error(`not a fail point: ${plan}`);
    this.#name = name;
    this.#left = Number(nth);
  }

  /** Counts a step that was reached; true at the one that is planned, once. */
  reaches(name: string): boolean {
    if (name !== this.#name) return false;
    this.#left--;
    return this.#left === 0;
  }
}
