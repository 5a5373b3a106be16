import { CrashPlan } from './crash-plan.js';

let plan: CrashPlan | undefined;

/** Arms the fail points of this process; none where the setting is absent. */
export function armFailPoints(planned: string | undefined): void {
  plan = planned === undefined ? undefined : new CrashPlan(planned);
}

/**
 * A named step at which a test may have the process end without any clean-up, as a crash would. Costs one comparison
 * where no test has armed it.
 */
export function failPoint(name: string): void {
  if (plan?.reaches(name)) process.exit(CRASHED);
}

/** Exit status of a process that ended at a fail point, so that a test can tell it from every other end. */
export const CRASHED = 86;
