import type pg from 'pg';
import type { Figure } from './telemetry.js';

/** By the names of the semantic conventions for databases. */

export const connections = (pool: pg.Pool): Figure => ({
  name: 'db.client.connection.count',
  unit: '{connection}',
  description: 'Connections to the database, by state',
  read: (tell) => {
    tell(pool.idleCount, { 'db.client.connection.state': 'idle' });
    tell(pool.totalCount - pool.idleCount, { 'db.client.connection.state': 'used' });
  },
});

export const waitingForConnection = (pool: pg.Pool): Figure => ({
  name: 'db.client.connection.pending_requests',
  unit: '{request}',
  description: 'Statements and transactions that wait for a connection',
  read: (tell) => tell(pool.waitingCount),
});
