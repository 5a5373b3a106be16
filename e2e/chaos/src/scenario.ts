/** One promise under one fault, and whether it was held. */
export interface Finding {
  readonly scenario: string;
  readonly fault: string;
  readonly promise: string;
  /** Short enough for a table. */
  readonly measured: string;
  /** undefined for a figure that is not promised. */
  readonly isHeld: boolean | undefined;
  /** A promise about time says little on a busy machine. */
  readonly isTimed: boolean;
}

/** A kind of fault, and what the bookstore promises under it. Each target that can have the fault has a function. */
export interface Scenario {
  /** Its file's name. */
  readonly name: string;
  /** Whether a short run has little to do, and waits most of the time. */
  readonly isMostlyWaiting?: boolean;
  embedded?(run: Run): Promise<void>;
  compose?(run: Run): Promise<void>;
}

/** One run of a scenario. */
export class Run {
  readonly findings: Finding[] = [];

  constructor(
    readonly scenario: string,
    private readonly isShort: boolean,
    private readonly print: (line: string) => void,
  ) {}

  /** How much is done: in a short run, and in a full one. */
  amount(short: number, full: number): number {
    return this.isShort ? short : full;
  }

  /** Prints details. */
  say(line: string): void {
    this.print(`  ${line}`);
  }

  fault(name: string): Fault {
    return new Fault((finding) => {
      this.findings.push({ ...finding, scenario: this.scenario, fault: name });
      this.print(`${finding.isHeld === false ? 'BROKEN: ' : ''}${finding.promise}: ${finding.measured}`);
    });
  }

  /** Runs a scenario. One that cannot be run to its end is a broken promise. */
  async play(scenario: (run: Run) => Promise<void>): Promise<boolean> {
    try {
      await scenario(this);
      return true;
    } catch (error) {
      this.say((error as Error).stack ?? String(error));
      this.fault('see the log').promise('the scenario can be run', false, 'not run to its end');
      return false;
    }
  }
}

/** What is promised under one fault. */
export class Fault {
  constructor(private readonly add: (finding: Omit<Finding, 'scenario' | 'fault'>) => void) {}

  promise(promise: string, isHeld: boolean, measured: string): void {
    this.add({ promise, isHeld, measured, isTimed: false });
  }

  /** Promises that this does not happen. */
  never(what: string, count: number, of?: number): void {
    this.promise(`0 ${what}`, count === 0, `${count} ${of === undefined ? '' : `of ${of} `}${what}`);
  }

  timedPromise(promise: string, isHeld: boolean, measured: string): void {
    this.add({ promise, isHeld, measured, isTimed: true });
  }

  /** Promises that this takes no longer. */
  within(limitMs: number, what: string, ms: number): void {
    this.timedPromise(`${what} within ${limitMs} ms`, ms <= limitMs, `${what} in ${Math.round(ms)} ms`);
  }

  /** A figure that is not promised. */
  figure(name: string, measured: string): void {
    this.add({ promise: name, isHeld: undefined, measured, isTimed: false });
  }
}
