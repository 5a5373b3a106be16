import { setTimeout as sleep } from 'node:timers/promises';
import { failPoint, LOGGER, type Logger, RepeatedFailures, SETTINGS } from '@bookstore/service-kit';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { metrics, type ObservableGauge, type ObservableResult } from '@opentelemetry/api';
import type { AuthorSettings } from '../settings.js';
import type { Deletion } from './author.js';
import { AuthorDeletion } from './author-deletion.js';
import { AuthorsRepository } from './authors.repository.js';

/** The most deletions at a time. On a slow machine many at once would each take longer than the deadline: none would end. */
const AT_ONCE = 4;

/**
 * Finishes deletions that a crash or a lost answer has interrupted. The replicas share the work by claims, and hold no
 * lock and no connection while they call the book service.
 */
@Injectable()
export class DeletionRecovery implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #stopped = new AbortController();
  /** Does nothing where telemetry is off. */
  readonly #pending: ObservableGauge = metrics
    .getMeter('bookstore')
    .createObservableGauge('bookstore.deletions.pending', {
      unit: '{deletion}',
      description: 'Authors that are marked as being deleted; each replica reports all of them',
    });
  readonly #observePending = async (result: ObservableResult) => result.observe(await this.repository.countDeletions());
  readonly #failures: RepeatedFailures;
  /** By the id of the deletion. */
  readonly #settling = new Map<string, Promise<void>>();
  #running: Promise<void> | undefined;

  constructor(
    private readonly repository: AuthorsRepository,
    private readonly deletion: AuthorDeletion,
    @Inject(SETTINGS) private readonly settings: AuthorSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#failures = new RepeatedFailures(logger);
  }

  onApplicationBootstrap(): void {
    this.#running = this.run();
    this.#pending.addCallback(this.#observePending);
  }

  async onModuleDestroy(): Promise<void> {
    this.#pending.removeCallback(this.#observePending);
    this.#stopped.abort();
    await this.#running;
  }

  private async run(): Promise<void> {
    const { signal } = this.#stopped;
    const { DELETE_RECOVERY_INTERVAL_MS } = this.settings;
    while (!signal.aborted) {
      await sleep(DELETE_RECOVERY_INTERVAL_MS, undefined, { signal }).catch(() => {});
      while (!signal.aborted && (await this.startDue())) await Promise.race(this.#settling.values());
    }
    await Promise.all(this.#settling.values());
  }

  /** Starts due deletions in the free places. Returns whether there may be more of them than places. */
  private async startDue(): Promise<boolean> {
    const free = AT_ONCE - this.#settling.size;
    if (free === 0) return true;
    try {
      const due = await this.repository.claimDueDeletions(free, [...this.#settling.keys()]);
      if (due.length > 0) failPoint('recover-deletion.claimed');
      for (const deletion of due) this.#settling.set(deletion.opId, this.settle(deletion));
      return due.length === free;
    } catch (error) {
      // Health reports a database that is away; the next round tries again.
      this.logger.debug({ err: error }, 'no deletions could be claimed');
      return false;
    }
  }

  private async settle(deletion: Deletion): Promise<void> {
    const { authorId, opId } = deletion;
    try {
      await this.deletion.settle(deletion);
    } catch (error) {
      this.#failures.add('pending deletions cannot be settled', { authorId, opId, err: error });
    } finally {
      this.#settling.delete(opId);
    }
  }
}
