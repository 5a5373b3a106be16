import { setTimeout as sleep } from 'node:timers/promises';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import { databaseProblem } from '../database/session.js';
import type { Logger } from '../log/logger.js';

/** Health name that is SERVING until the process exits, draining included. */
export const LIVENESS = 'liveness';

type WatchCall = { readonly request: { service: string } };

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
  /** True once the database has every migration of this build. Before that, calls are refused. */
  migrated = false;
  readonly #stopped = new AbortController();
  readonly #health = new Map<HealthImplementation, readonly string[]>();
  #problem: string | undefined;
  #status: ServingStatus = 'NOT_SERVING';

  constructor(
    private readonly checks: ReadinessChecks,
    private readonly intervalMs: number,
    private readonly logger: Logger,
  ) {}

  /** The health service of a port, which has only the names of its own services. */
  healthOf(services: readonly string[]): Pick<HealthImplementation, 'addToServer'> {
    const names = ['', ...services];
    const notServing = names.map((name) => [name, 'NOT_SERVING'] as const);
    const health = new HealthImplementation({ ...Object.fromEntries(notServing), [LIVENESS]: 'SERVING' });
    this.#health.set(health, names);
    return {
      addToServer: (server) =>
        health.addToServer({
          addService: (service, handlers) => {
            const watch = (call: WatchCall) => {
              // The library keeps each watched name for ever: all unknown ones become one.
              if (![...names, LIVENESS].includes(call.request.service)) call.request.service = 'unknown';
              (handlers.watch as (call: WatchCall) => void)(call);
            };
            server.addService(service, { ...handlers, watch });
          },
        }),
    };
  }

  /** Checks the database once, before the ports are open. */
  async check(): Promise<void> {
    const problem = await this.#findProblem();
    // One line for each change, not for each check.
    if (this.#stopped.signal.aborted || problem === this.#problem) return;
    if (problem) this.logger.warn({ missing: problem }, 'not serving, waiting');
    else this.logger.info('serving');
    this.#problem = problem;
    this.#set(problem ? 'NOT_SERVING' : 'SERVING');
  }

  /** Checks the database until `stop`. */
  async watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(this.intervalMs, undefined, { signal }).catch(() => {});
      await this.check();
    }
  }

  /** NOT_SERVING from now on; liveness stays. */
  stop(): void {
    this.#stopped.abort();
    this.#set('NOT_SERVING');
  }

  /** Empty when there is none. */
  async #findProblem(): Promise<string> {
    try {
      if (!this.migrated) {
        const pending = await this.checks.pendingMigrations();
        if (pending.length > 0) return `the database lacks migrations: ${pending.join(', ')}`;
        await this.checks.prepare();
        this.migrated = true;
      }
      await this.checks.ping();
      return '';
    } catch (error) {
      return `the database cannot be used: ${databaseProblem(error)}`;
    }
  }

  #set(status: ServingStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const [health, names] of this.#health) {
      for (const name of names) health.setStatus(name, status);
    }
  }
}
