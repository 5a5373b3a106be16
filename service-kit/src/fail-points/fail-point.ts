/** Exit status of a process that ended at a fail point. */
export const CRASHED = 86;

/** NAME:NTH, such as `create-book.inserted:3`: the third time that the process reaches that step. */
export const CRASH_PLAN = /^([a-z][a-z.-]*):([1-9]\d{0,5})$/;

let planned: string | undefined;
let left = 0;

/** Arms a fail point of this process; without a plan, disarms it. */
export function armFailPoint(plan: string | undefined): void {
  const [, name, nth] = CRASH_PLAN.exec(plan ?? '') ?? [];
  planned = name;
  left = Number(nth);
}

/** A named step at which a test may end the process without any clean-up, as a crash would. */
export function failPoint(name: string): void {
  if (name === planned && --left === 0) process.exit(CRASHED);
}
