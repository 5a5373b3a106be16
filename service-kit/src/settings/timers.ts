// Apart from the other settings, and free of imports: the probe starts anew at each look, and must not load zod.

/** The longest time that a timer takes, ms: Node makes 1 ms of a longer one. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The longest limit of a statement, ms: a little is added to it. */
export const LONGEST_STATEMENT_MS = 86_400_000;

/** A database that is frozen enforces no time-out of its own: the driver's comes just after, ms. */
export const driverTimeout = (statementTimeoutMs: number): number => statementTimeoutMs + 250;

/** What the probe waits when nobody says. */
export const PROBE_TIMEOUT_MS = 2000;
