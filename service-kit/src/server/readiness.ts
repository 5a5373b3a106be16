import { setTimeout as sleep } from 'node:timers/promises';
import { HealthImplementation } from 'grpc-health-check';
import { databaseProblem } from '../database/session.js';
import type { Logger } from '../log/logger.js';

/** Health name that is SERVING until the process exits, draining included. */
export const LIVENESS = 'liveness';

/** The parts of a service's start that readiness waits for. Each rejects while the database cannot be used. */
export interface ReadinessChecks {
  /** The migrations that the database lacks. */
  readonly pendingMigrations: () => Promise<readonly string[]>;
  /** Prepares for the first calls, once the database has every migration. */
  readonly prepare: () => Promise<unknown>;
  readonly ping: () => Promise<unknown>;
}

/**
 * Live health: "" and the names of the services are SERVING only while the database answers and nothing is draining. A
 * peer's failure does not make a service unready.
 */
export class Readiness {
  readonly #stopped = new AbortController();
  #migrated = false;
  #serving = false;
  #problem = '';

  /** @param health of each port, by `healthOf` */
  constructor(
    private readonly health: ReadonlyMap<HealthImplementation, readonly string[]>,
    private readonly checks: ReadinessChecks,
    private readonly intervalMs: number,
    private readonly logger: Logger,
  ) {}

  /** True once the database has every migration of this build. Before that, calls are refused. */
  get migrated(): boolean {
    return this.#migrated;
  }

  /** Checks the database once, before the ports are open. `watch` logs what is missing. */
  async check(): Promise<void> {
    if ((await this.#findProblem()) === '') this.#show('');
  }

  /** Checks the database until `stop`. */
  async watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      this.#show(await this.#findProblem());
      await sleep(this.intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  /** NOT_SERVING from now on; liveness stays. */
  stop(): void {
    this.#stopped.abort();
    this.#set(false);
  }

  async #findProblem(): Promise<string> {
    try {
      if (!this.#migrated) {
        const pending = await this.checks.pendingMigrations();
        if (pending.length > 0) return `the database lacks migrations: ${pending.join(', ')}`;
        this.#migrated = true;
        await this.checks.prepare();
      }
      await this.checks.ping();
      return '';
    } catch (error) {
      return `the database cannot be used: ${databaseProblem(error)}`;
    }
  }

  #show(problem: string): void {
    if (this.#stopped.signal.aborted) return;
    // One line for each change, not for each check.
    if (problem !== '' && problem !== this.#problem) this.logger.warn({ missing: problem }, 'not serving, waiting');
    if (problem === '' && !this.#serving) this.logger.info('serving');
    this.#problem = problem;
    this.#set(problem === '');
  }

  #set(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const [health, names] of this.health) {
      for (const name of ['', ...names]) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    }
  }
}

/** The health service of one port, which has only the names of its own services. */
export const healthOf = (names: readonly string[]) =>
  new HealthImplementation({
    ...Object.fromEntries(['', ...names].map((name) => [name, 'NOT_SERVING'])),
    [LIVENESS]: 'SERVING',
  });
