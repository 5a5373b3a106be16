import { setTimeout as sleep } from 'node:timers/promises';
import { failPoint, LOGGER, type Logger, observe, runForNoCall, SETTINGS } from '@bookstore/service-kit';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AuthorSettings } from '../settings.js';
import { AuthorDeletion } from './author-deletion.js';
import { AuthorsRepository } from './authors.repository.js';

/**
 * Ends what a crash or a lost answer has left marked as DELETING. Each replica runs one; they share the work by
 * claiming it, and hold neither a lock nor a connection while they ask the book service.
 */
@Injectable()
export class DeletionRecovery implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  constructor(
    private readonly repository: AuthorsRepository,
    private readonly deletion: AuthorDeletion,
    @Inject(SETTINGS) private readonly settings: AuthorSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#running = runForNoCall(() => this.run());
    observe({
      name: 'bookstore.deletions.pending',
      unit: '{deletion}',
      description: 'Authors that are marked as being deleted; each replica tells of all',
      read: async (tell) => tell(await this.repository.countDeletions()),
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  private async run(): Promise<void> {
    const { signal } = this.#stopped;
    const { DELETE_RECOVERY_INTERVAL_MS, DELETE_RECOVERY_BATCH } = this.settings;
    while (!signal.aborted) {
      await sleep(DELETE_RECOVERY_INTERVAL_MS, undefined, { signal }).catch(() => {});
      while (!signal.aborted && (await this.recoverBatch(DELETE_RECOVERY_BATCH)) === DELETE_RECOVERY_BATCH);
    }
  }

  /** How many deletions were due. A failing one holds up no other. */
  private async recoverBatch(size: number): Promise<number> {
    try {
      const due = await this.repository.claimDueDeletions(size);
      if (due.length > 0) failPoint('recover-deletion.claimed');
      await Promise.all(
        due.map((deletion) =>
          this.deletion.settle(deletion).catch((error) => {
            this.logger.warn(
              { authorId: deletion.authorId, opId: deletion.opId, err: error },
              'deletion still pending',
            );
          }),
        ),
      );
      return due.length;
    } catch (error) {
      // The health check tells of a database that is away; it is looked for again with the next round.
      this.logger.debug({ err: error }, 'no deletions could be claimed');
      return 0;
    }
  }
}
