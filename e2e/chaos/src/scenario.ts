/** A kind of fault, and what the bookstore promises under it. Each target that can have the fault has a function. */
export interface Scenario {
  /** Its file's name. */
  readonly name: string;
  embedded?(run: Run): Promise<void>;
  compose?(run: Run): Promise<void>;
}

/** One run of a scenario, with what it found. */
export class Run {
  /** Promises that were not held. */
  readonly broken: string[] = [];
  /** Those of them that fail the command. */
  readonly failing: string[] = [];
  /** Short enough for a table. */
  readonly measured: string[] = [];

  constructor(
    readonly scenario: string,
    private readonly options: { readonly short: boolean; readonly untimed: boolean },
    /** Prints a detail. */
    readonly say: (line: string) => void,
    /** Resolves when the command is to end. */
    readonly stopped: Promise<unknown>,
  ) {}

  /** How much is done: in a short run, and in a full one. */
  amount(short: number, full: number): number {
    return this.options.short ? short : full;
  }

  /**
   * Tells whether a promise was held.
   *
   * @param measured empty where the promise says it all
   * @param isTimed a promise about time says little on a busy machine
   */
  promise(promise: string, isHeld: boolean, measured = '', isTimed = false): void {
    if (measured) this.measured.push(measured);
    if (!isHeld) this.broken.push(promise);
    if (!isHeld && !(isTimed && this.options.untimed)) this.failing.push(promise);
    this.say(`${isHeld ? 'held' : 'BROKEN'}: ${promise}${measured && ` (${measured})`}`);
  }

  /** Promises that this does not happen to any of them. */
  never(what: string, count: number, of: number): void {
    this.promise(`no ${what}`, count === 0, `${count} of ${of} ${what}`);
  }

  timedPromise(promise: string, isHeld: boolean, measured: string): void {
    this.promise(promise, isHeld, measured, true);
  }

  /** Promises that this takes no longer. */
  within(limitMs: number, what: string, ms: number): void {
    this.timedPromise(`${what} within ${limitMs} ms`, ms <= limitMs, `${what} in ${Math.round(ms)} ms`);
  }
}
