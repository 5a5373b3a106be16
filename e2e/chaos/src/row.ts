import type { ChaosBookstore } from './bookstore/chaos-bookstore.js';

/** How much of a row is run: within `npm test`, within minutes, or all that the table promises. */
export type Scale = 'test' | 'short' | 'full';

/** One promise under one fault, and what came of it. */
export interface Finding {
  /** What is done to the bookstore. */
  readonly fault: string;
  readonly promise: string;
  /** How long or how much in a time: on a machine that others share, a figure and no verdict. */
  readonly timed?: boolean;
  /** What was seen, for people: always a figure. */
  readonly measured: string;
  /** Undefined for a figure that nobody promises. */
  readonly holds: boolean | undefined;
}

/** What a row is given. */
export interface Lab {
  readonly scale: Scale;
  /** Every choice a row makes comes from it. */
  readonly seed: number;
  /** A bookstore for this row alone, to be disposed of by it. */
  start(options?: StartOptions): Promise<ChaosBookstore>;
  /** A line of progress, for people. */
  say(line: string): void;
}

export interface StartOptions {
  /** Settings of both services, on top of the laboratory's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Puts a link that can fail between the services, and between each of them and its database. */
  readonly links?: boolean;
}

/** One line of the table of faults. */
export interface Row {
  readonly number: number;
  run(lab: Lab): Promise<Finding[]>;
}

/** The value for the scale at hand. */
export const scaled = <T>({ scale }: Lab, values: Readonly<Record<Scale, T>>): T => values[scale];
