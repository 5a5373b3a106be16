import type { Row } from '../row.js';
import { cancelledBurst } from './cancelled-burst.js';
import { databaseTrouble } from './database-trouble.js';
import { endedCalls } from './ended-calls.js';
import { frozenPeer } from './frozen-peer.js';
import { killPoints } from './kill-points.js';
import { malformed } from './malformed.js';
import { networkTrouble } from './network-trouble.js';
import { races } from './races.js';
import { retryBudget } from './retry-budget.js';
import { sigkill } from './sigkill.js';

/** The table of faults. */
export const rows: readonly Row[] = [
  races,
  killPoints,
  sigkill,
  frozenPeer,
  networkTrouble,
  databaseTrouble,
  retryBudget,
  endedCalls,
  cancelledBurst,
  malformed,
];
