/** Exit status of a process that ended at a fail point. */
export const CRASHED = 86;

/** NAME:NTH, such as `create-book.inserted:3`: the third time that the process reaches that step. */
export const FAIL_POINT = /^([a-z][a-z.-]*):([1-9]\d{0,5})$/;

let armed: string | undefined;
let left = 0;

/** Arms a fail point of this process; without one, disarms it. */
export function armFailPoint(failPoint: string | undefined): void {
  const [, name, nth] = FAIL_POINT.exec(failPoint ?? '') ?? [];
  armed = name;
  left = Number(nth);
}

/** A named step at which a test can end the process without clean-up, as a crash would. */
export function failPoint(name: string): void {
  if (name === armed && --left === 0) process.exit(CRASHED);
}
