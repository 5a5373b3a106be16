import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { databaseProblem, expectSession, OtherSession, SESSION_OPTIONS } from '../database/session.js';
import type { Logger } from '../log/logger.js';

export type Log = Pick<Logger, 'info' | 'warn'>;

/** The lock of Prisma's schema engine: its CLI and this runner exclude each other. */
const LOCK = 72_707_369;
/** Wrong password, no such role, no such database. A database that is still being set up refuses so for a moment. */
const REFUSALS = ['28P01', '28000', '3D000'];

/**
 * Connects as soon as the database answers, and holds the lock on migrations until the connection ends. The lock is tried
 * rather than waited for: a waiting statement would hold up a CREATE INDEX CONCURRENTLY of the migration at work.
 *
 * @param limits ms: the whole wait, one try to connect, and how long a refusal is tried again
 * @throws Error when the database does not answer within the wait, another migration is at work, or it keeps refusing
 */
export async function connectAlone(
  url: string,
  log: Log,
  { waitMs, tryMs = 5000, refusalMs = 5000 }: { waitMs: number; tryMs?: number; refusalMs?: number },
): Promise<pg.Client> {
  const deadline = Date.now() + waitMs;
  let refusedUntil: number | undefined;
  let lastReason = '';
  for (let tries = 0; ; tries++) {
    const connectionTimeoutMillis = Math.min(tryMs, Math.max(1000, deadline - Date.now()));
    const client = new pg.Client({
      connectionString: url,
      application_name: 'migrate',
      keepAlive: true,
      connectionTimeoutMillis,
      options: SESSION_OPTIONS,
    });
    client.on('error', () => {}); // a connection that breaks later fails the next query
    try {
      await client.connect();
      // Before the lock, which a pooler would hand on.
      await expectSession(client);
      const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [LOCK]);
      if (rows[0]?.locked) return client;
      throw new Error('another migration is still at work');
    } catch (error) {
      client.end().catch(() => {});
      const { code = '', message } = error as { code?: string; message: string };
      // pg itself refuses a server that asks for a password where it has none; poolers refuse what a session needs.
      const refused =
        REFUSALS.includes(code) || /^SASL: |startup parameter/.test(message) || error instanceof OtherSession;
      const reason = code === 'ECONNREFUSED' ? 'connection refused' : databaseProblem(error);
      refusedUntil = refused ? (refusedUntil ?? Date.now() + refusalMs) : undefined;
      const database = `the database at ${client.host}:${client.port}`;
      if (Date.now() >= Math.min(deadline, refusedUntil ?? deadline)) {
        const problem = refused ? 'refuses the connection' : `was not ready within ${waitMs} ms`;
        throw new Error(`${database} ${problem}: ${reason}`);
      }
      if (reason !== lastReason) log.info({}, `waiting for ${database}: ${reason}`);
      lastReason = reason;
      // Doubled each time up to a second, less up to a half so that replicas spread.
      await pause(Math.min(100 * 2 ** tries, 1000) * (1 - Math.random() / 2));
    }
  }
}
