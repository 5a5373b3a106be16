import { codeFingerprint } from './code-fingerprint.js';
import { compile } from './compile.js';
import type { ReloadingService } from './reloading-service.js';
import { runScript } from './run-script.js';
import { changesOf } from './sources.js';

/** What is reloaded, and how. */
export interface ReloaderOptions {
  /** The repository. */
  readonly root: string;
  readonly services: readonly ReloadingService[];
  /** Applies a service's new migrations; absent where that is not this process's to do. */
  readonly migrate?: (service: string) => Promise<unknown>;
  /** Told what has become of a change, for people. */
  readonly say: (what: string) => void;
  /** Aborted when everything is to end. */
  readonly signal: AbortSignal;
}

/** Brings what serves up to date with the sources: one change after the other, and each to its end or to its failure. */
export class Reloader {
  readonly #serving = new Map<ReloadingService, string>();
  readonly #changed = new Set<string>();
  #newer = new AbortController();
  #work: Promise<void> | undefined;

  constructor(private readonly options: ReloaderOptions) {}

  /** Has the services serve what is compiled now; one that cannot start waits for a change. */
  async start(): Promise<void> {
    this.#begin(this.#replaceChanged(performance.now()).then(() => this.#catchUp()));
    await this.#work;
  }

  /** @param files relative to the repository */
  changed(files: readonly string[]): void {
    for (const file of files) this.#changed.add(file);
    // What is being started is out of date already.
    this.#newer.abort();
    if (!this.#work) this.#begin(this.#catchUp());
  }

  /** Waits until what has begun has ended; for after the signal. */
  async ended(): Promise<void> {
    await this.#work;
  }

  #begin(work: Promise<void>): void {
    this.#work = work.finally(() => {
      this.#work = undefined;
    });
  }

  async #catchUp(): Promise<void> {
    while (this.#changed.size > 0 && !this.options.signal.aborted) {
      const since = performance.now();
      const files = [...this.#changed];
      this.#changed.clear();
      this.#newer = new AbortController();
      if (await this.#compile(files)) await this.#replaceChanged(since, files);
    }
  }

  async #compile(files: readonly string[]): Promise<boolean> {
    const { root, services, migrate, say, signal } = this.options;
    const names = services.map(({ name }) => name);
    const { contract, migrations } = changesOf(files, names);
    if (contract && !(await runScript(root, 'generate.mjs', [], signal))) {
      return this.#failed('nothing can be generated from the .proto files');
    }
    for (const name of migrate ? migrations : []) {
      try {
        await migrate?.(name);
        say(`${name}: migrations applied`);
      } catch (error) {
        return this.#failed((error as Error).message);
      }
    }
    return (await compile(root, names, signal)) || this.#failed('this does not compile');
  }

  async #replaceChanged(since: number, files: readonly string[] = []): Promise<void> {
    // A change that came while the last one was compiled: both are replaced at once.
    if (this.#changed.size > 0) return;
    const { root, services, say, signal } = this.options;
    const changed = services.flatMap((service) => {
      const code = codeFingerprint(root, service.name);
      return this.#serving.get(service) === code ? [] : [{ service, code }];
    });
    if (changed.length === 0) say(`${files.join(', ')}: the services run this code already`);
    await Promise.all(changed.map(({ service, code }) => this.#replace(service, code, since)));
    if (!signal.aborted) await Promise.all(changed.map(({ service }) => service.prepare()));
  }

  async #replace(service: ReloadingService, code: string, since: number): Promise<void> {
    const { say, signal } = this.options;
    const newer = this.#newer.signal;
    try {
      await service.replace(AbortSignal.any([newer, signal]), (how) => {
        this.#serving.delete(service);
        say(`the ${service.name} ended ${how}: save a file to start it again`);
      });
      this.#serving.set(service, code);
      say(`${service.name}: new code serves after ${((performance.now() - since) / 1000).toFixed(1)} s`);
    } catch (error) {
      if (!newer.aborted) this.#failed((error as Error).message);
    }
  }

  #failed(why: string): false {
    if (!this.options.signal.aborted) this.options.say(`${why}: what served before goes on, until a change mends it`);
    return false;
  }
}
