import type { Row } from '../row.js';
import { endedCalls } from './ended-calls.js';
import { killPoints } from './kill-points.js';
import { races } from './races.js';
import { sigkill } from './sigkill.js';

/** The table of faults. */
export const rows: readonly Row[] = [races, killPoints, sigkill, endedCalls];
