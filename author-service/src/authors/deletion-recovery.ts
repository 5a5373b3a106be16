import { setTimeout as sleep } from 'node:timers/promises';
import { failPoint, LOGGER, type Logger, RepeatedFailures, SETTINGS } from '@bookstore/service-kit';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { metrics, type ObservableGauge, type ObservableResult } from '@opentelemetry/api';
import type { AuthorSettings } from '../settings.js';
import { AuthorDeletion } from './author-deletion.js';
import { AuthorsRepository } from './authors.repository.js';

/** The most deletions at a time. On a slow machine many at once would each take longer than the deadline: none would end. */
const BATCH = 4;

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
      while (!signal.aborted && (await this.recoverBatch(BATCH)) === BATCH);
    }
  }

  /** Returns the number of due deletions. One that fails does not delay the others. */
  private async recoverBatch(size: number): Promise<number> {
    try {
      const due = await this.repository.claimDueDeletions(size);
      if (due.length > 0) failPoint('recover-deletion.claimed');
      await Promise.all(
        due.map((deletion) =>
          this.deletion.settle(deletion).catch((error) => {
            const { authorId, opId } = deletion;
            this.#failures.add('pending deletions cannot be settled', { authorId, opId, err: error });
          }),
        ),
      );
      return due.length;
    } catch (error) {
      // Health reports a database that is away; the next round tries again.
      this.logger.debug({ err: error }, 'no deletions could be claimed');
      return 0;
    }
  }
}
