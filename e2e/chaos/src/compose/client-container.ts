import { readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '@bookstore/sandbox';
import type { ComposeBookstore } from './compose-bookstore.js';
import { docker, root } from './engine.js';

const ENDS_WITHIN_MS = 30_000;

/** A program in the network between the services, which finds them by name as any other container there does. */
export class ClientContainer {
  private constructor(private readonly id: string) {}

  /** @param script below the repository's root; it runs in the author service's image, and prints lines of JSON */
  static async start(
    bookstore: ComposeBookstore,
    script: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ClientContainer> {
    const settings = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const { IMAGE_PREFIX = 'bookstore', IMAGE_TAG = 'dev' } = process.env;
    const image = `${IMAGE_PREFIX}/author-service:${IMAGE_TAG}`;
    const source = readFileSync(path.join(root, script), 'utf8');
    const program = ['node', '--input-type=module', '--eval', source];
    return new ClientContainer(await bookstore.runBeside(...settings, image, ...program));
  }

  /** What it has printed so far. */
  async lines<T>(): Promise<T[]> {
    const text = await docker(['logs', this.id]);
    return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as T] : []));
  }

  /** Has it end, and returns all that it has printed. */
  async end<T>(): Promise<T[]> {
    await docker(['kill', '--signal', 'SIGTERM', this.id]);
    const ended = async () => (await docker(['inspect', '--format', '{{.State.Running}}', this.id])).trim() === 'false';
    await until('the client in the network has ended', ENDS_WITHIN_MS, ended);
    return this.lines<T>();
  }
}
