// Apart from the other settings, and free of imports: the probe starts anew at each look, and must not load zod.

/** The longest time that a timer takes, ms: Node makes 1 ms of a longer one. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What the probe waits when nobody says. */
export const PROBE_TIMEOUT_MS = 2000;
