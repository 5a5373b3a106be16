import { setTimeout as sleep } from 'node:timers/promises';
import { HealthImplementation } from 'grpc-health-check';
import { databaseProblem } from '../database/session.js';
import type { Logger } from '../log/logger.js';

/** Health name that asks nobody: SERVING until the process exits, draining included. */
export const LIVENESS = 'liveness';

/**
 * Live health: the names of the services, and "" for all of them, are SERVING only while the database answers and
 * nothing is draining. A peer's failure makes no service unready.
 */
export class Readiness {
  /** One for each port, so that neither names the other's services. */
  readonly health: Readonly<Record<'public' | 'internal', HealthImplementation>>;
  #stopped = new AbortController();
  #migrated = false;
  #serving = false;
  #reason = '';

  /**
   * @param names full names of each port's services
   * @param pendingMigrations migrations that the database lacks; rejects while it does not answer
   * @param prepare prepares for the first calls, once the database has every migration
   * @param ping rejects while the database does not answer
   */
  constructor(
    private readonly names: Readonly<Record<'public' | 'internal', readonly string[]>>,
    private readonly pendingMigrations: () => Promise<readonly string[]>,
    private readonly prepare: () => Promise<unknown>,
    private readonly ping: () => Promise<unknown>,
    private readonly intervalMs: number,
    private readonly logger: Logger,
  ) {
    this.health = { public: notServing(names.public), internal: notServing(names.internal) };
  }

  /** True once the database has had every migration of this build: before that, no call may be worked on. */
  get migrated(): boolean {
    return this.#migrated;
  }

  /** Looks at the database once. Where something is missing the watch tells of it, once somebody can ask. */
  async look(): Promise<void> {
    if ((await this.#whatIsMissing()) === '') this.#show('');
  }

  /** Looks at the database again and again until it is stopped. */
  async watch(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#show(await this.#whatIsMissing());
      await sleep(this.intervalMs, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }

  /** NOT_SERVING from now on; liveness stays. */
  stop(): void {
    this.#stopped.abort();
    this.#set(false);
  }

  async #whatIsMissing(): Promise<string> {
    try {
      if (!this.#migrated) {
        const pending = await this.pendingMigrations();
        if (pending.length > 0) return `the database lacks migrations: ${pending.join(', ')}`;
        this.#migrated = true;
        await this.prepare();
      }
      await this.ping();
      return '';
    } catch (error) {
      return `the database cannot be used: ${databaseProblem(error)}`;
    }
  }

  #show(missing: string): void {
    if (this.#stopped.signal.aborted) return;
    // One line for each change, not for each look.
    if (missing !== '' && missing !== this.#reason) this.logger.warn({ missing }, 'not serving, waiting');
    if (missing === '' && !this.#serving) this.logger.info('serving');
    this.#reason = missing;
    this.#set(missing === '');
  }

  #set(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const port of ['public', 'internal'] as const) {
      for (const name of ['', ...this.names[port]]) {
        this.health[port].setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
      }
    }
  }
}

const notServing = (names: readonly string[]) =>
  new HealthImplementation({
    ...Object.fromEntries(['', ...names].map((name) => [name, 'NOT_SERVING'])),
    [LIVENESS]: 'SERVING',
  });
