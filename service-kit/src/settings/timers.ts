/** The longest time of a timer, ms: Node makes 1 ms of a longer one. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
