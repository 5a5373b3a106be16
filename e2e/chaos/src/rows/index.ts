import type { Row } from '../row.js';
import { races } from './races.js';

/** The table of faults. */
export const rows: readonly Row[] = [races];
