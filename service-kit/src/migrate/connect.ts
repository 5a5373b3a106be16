import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { backoffMs } from './backoff.js';
import type { Log } from './log.js';
import { MigrateError } from './migrate-error.js';

const LONGEST_ATTEMPT_MS = 5000;
/** A database that is just being set up may refuse for a moment; one that goes on refusing will not change its mind. */
const REFUSAL_GRACE_MS = 5000;
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
 * @throws MigrateError when it does not answer within the wait, or refuses for some seconds
 */
export async function connectWhenUp(url: string, waitMs: number, log: Log, signal: AbortSignal): Promise<pg.Client> {
  const deadline = Date.now() + waitMs;
  let refusedSince: number | undefined;
  let lastReason = '';
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'migrate',
      keepAlive: true,
      connectionTimeoutMillis: Math.max(1000, Math.min(LONGEST_ATTEMPT_MS, deadline - Date.now())),
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
      const giveUpAt = Math.min(deadline, refusedSince === undefined ? deadline : refusedSince + REFUSAL_GRACE_MS);
      const left = giveUpAt - Date.now();
      if (left <= 0) {
        const story = refused ? 'refuses the connection' : `did not answer within ${waitMs} ms`;
        throw new MigrateError(`the database at ${address} ${story}: ${reason}`);
      }
      if (reason !== lastReason) log.info({}, `waiting for the database at ${address}: ${reason}`);
      lastReason = reason;
      await pause(Math.min(backoffMs(tries), left), undefined, { signal }).catch(() => {
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
