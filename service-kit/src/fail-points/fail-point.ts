/** Exit status of a process that ended at a fail point. */
export const CRASHED = 86;

// With NODE_ENV=test, FAIL_POINT=create-book.inserted:3 is the third time that the process reaches that step.
const { NODE_ENV, FAIL_POINT = '' } = process.env;
const [armed, nth] = NODE_ENV === 'test' ? FAIL_POINT.split(':') : [];
let left = Number(nth);

/** A named step at which a test can end the process without clean-up, as a crash would. */
export function failPoint(name: string): void {
  if (name === armed && --left === 0) process.exit(CRASHED);
}
