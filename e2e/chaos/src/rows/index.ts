import type { Row } from '../row.js';
import { cancelledBurst } from './cancelled-burst.js';
import { databaseContainersTrouble, databaseTrouble } from './database-trouble.js';
import { endedCalls } from './ended-calls.js';
import { frozenPeer, pausedContainer } from './frozen-peer.js';
import { killPoints } from './kill-points.js';
import { lateDatabase } from './late-database.js';
import { malformed } from './malformed.js';
import { networkTrouble } from './network-trouble.js';
import { newAddress, newAddressNeedsContainers } from './new-address.js';
import { overload } from './overload.js';
import { races } from './races.js';
import { replacedContainers } from './replaced-containers.js';
import { retryBudget } from './retry-budget.js';
import { rollingRestart } from './rolling-restart.js';
import { sigkill, sigkillOfContainers } from './sigkill.js';
import { soak } from './soak.js';
import { twoReplicas } from './two-replicas.js';

/** The table of faults. */
export const rows: readonly Row[] = [
  races,
  killPoints,
  sigkill,
  newAddressNeedsContainers,
  rollingRestart,
  frozenPeer,
  networkTrouble,
  databaseTrouble,
  overload,
  retryBudget,
  endedCalls,
  cancelledBurst,
  lateDatabase,
  twoReplicas,
  malformed,
  soak,
];

/** Those whose fault is one of containers: on compose.yaml, with a real engine. */
export const composeRows: readonly Row[] = [
  sigkillOfContainers,
  newAddress,
  replacedContainers,
  pausedContainer,
  databaseContainersTrouble,
];
