/** A kind of fault, and what the bookstore promises under it. Each target that can have the fault has a function. */
export interface Scenario {
  /** Its file's name. */
  readonly name: string;
  /** Whether a scenario beside it would change what it measures. */
  readonly isAlone?: boolean;
  embedded?(run: Run): Promise<void>;
  compose?(run: Run): Promise<void>;
}

/** Whether a promise was held. */
export interface Finding {
  readonly promise: string;
  readonly isHeld: boolean;
  /** Short enough for a table; empty where the promise says it all. */
  readonly measured: string;
  /** A promise about time says little on a busy machine. */
  readonly isTimed: boolean;
}

/** One run of a scenario. */
export class Run {
  readonly findings: Finding[] = [];

  constructor(
    readonly scenario: string,
    private readonly isShort: boolean,
    /** Prints a detail. */
    readonly say: (line: string) => void,
  ) {}

  /** How much is done: in a short run, and in a full one. */
  amount(short: number, full: number): number {
    return this.isShort ? short : full;
  }

  promise(promise: string, isHeld: boolean, measured = '', isTimed = false): void {
    this.findings.push({ promise, isHeld, measured, isTimed });
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

  /** Runs a scenario. One that cannot be run to its end is a broken promise. */
  async play(scenario: (run: Run) => Promise<void>): Promise<void> {
    try {
      await scenario(this);
    } catch (error) {
      this.say((error as Error).stack ?? String(error));
      this.promise('the scenario can be run to its end', false, 'see the log');
    }
  }
}
