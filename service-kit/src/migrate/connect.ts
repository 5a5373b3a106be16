import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { backoffMs } from './backoff.js';
import type { Log } from './log.js';
import { MigrateError } from './migrate-error.js';
import type { MigrateSettings } from './migrate-settings.js';

/** What is left of the wait bounds an attempt, too, but no attempt is made just to be given up: no setting of its own. */
const LEAST_ATTEMPT_MS = 1000;
/** A database that is just being set up may refuse for a moment; one that goes on refusing will not change its mind. */
const REFUSALS: Record<string, true> = {
  '28P01': true, // wrong password
  '28000': true, // no such role, or pg_hba.conf says no
  '3D000': true, // no such database
};
const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name not found just now',
  ETIMEDOUT: 'no answer',
  ECONNRESET: 'connection reset',
};

/**
 * The connection everything but the migrations themselves runs on, once the database answers.
 *
 * @throws MigrateError when it does not answer within the wait, or goes on refusing
 */
export async function connectWhenUp(
  url: string,
  settings: MigrateSettings,
  log: Log,
  signal: AbortSignal,
): Promise<pg.Client> {
  const { MIGRATE_WAIT_MS: waitMs, MIGRATE_FIRST_BACKOFF_MS, MIGRATE_LONGEST_BACKOFF_MS } = settings;
  const deadline = Date.now() + waitMs;
  let refusedSince: number | undefined;
  let lastReason = '';
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'migrate',
      keepAlive: true,
      connectionTimeoutMillis: Math.min(
        settings.MIGRATE_CONNECT_TIMEOUT_MS,
        Math.max(LEAST_ATTEMPT_MS, deadline - Date.now()),
      ),
    });
    // A connection that breaks later fails the next query; unheard, the event would end the process without a word.
    client.on('error', () => {});
    try {
      await client.connect();
      client.on('notice', ({ severity, message }) => severity === 'WARNING' && log.warn({}, `database: ${message}`));
      return client;
    } catch (error) {
      client.end().catch(() => {});
      const { reason, refused } = explain(error);
      const address = `${client.host}:${client.port}`;
      refusedSince = refused ? (refusedSince ?? Date.now()) : undefined;
      const giveUpAt =
        refusedSince === undefined ? deadline : Math.min(deadline, refusedSince + settings.MIGRATE_REFUSAL_GRACE_MS);
      const left = giveUpAt - Date.now();
      if (left <= 0) {
        const story = refused ? 'refuses the connection' : `did not answer within ${waitMs} ms`;
        throw new MigrateError(`the database at ${address} ${story}: ${reason}`);
      }
      if (reason !== lastReason) log.info({}, `waiting for the database at ${address}: ${reason}`);
      lastReason = reason;
      const backoff = backoffMs(tries, MIGRATE_FIRST_BACKOFF_MS, MIGRATE_LONGEST_BACKOFF_MS);
      await pause(Math.min(backoff, left), undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
}

function explain(error: unknown): { reason: string; refused: boolean } {
  const { code = '', message } = error as { code?: string; message: string };
  // pg's words for a server that asks for a password where there is none to send.
  if (/^SASL: .*password must be a/.test(message))
    return { reason: 'it asks for a password, none is set', refused: true };
  return { reason: REASONS[code] ?? (message || code), refused: REFUSALS[code] ?? false };
}
