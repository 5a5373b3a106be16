import type { FaultyService, ServiceName } from '../bookstore/chaos-bookstore.js';

/** A service's container, as docker compose has it. */
export class ContainerControl implements FaultyService {
  constructor(
    private readonly name: ServiceName,
    private readonly compose: (...args: string[]) => Promise<string>,
    private readonly serves: () => Promise<void>,
  ) {}

  async kill(): Promise<void> {
    await this.compose('kill', '--signal', 'SIGKILL', this.name);
    await this.compose('wait', this.name).catch(() => {}); // it has ended by then
  }

  async start(): Promise<void> {
    await this.compose('start', this.name);
    await this.serves();
  }

  async stop(): Promise<void> {
    await this.compose('stop', this.name);
  }

  async freeze(): Promise<void> {
    await this.compose('pause', this.name);
  }

  async thaw(): Promise<void> {
    await this.compose('unpause', this.name);
  }

  /** Puts a new container in its place, as after a new image or a changed setting, and returns when it serves. */
  async recreate(): Promise<void> {
    await this.compose('up', '--detach', '--no-deps', '--force-recreate', this.name);
    await this.serves();
  }
}
