import type { ServiceName } from '@bookstore/sandbox';
import type { ComposeBookstore } from './compose-bookstore.js';
import { docker } from './engine.js';

const TRIES = 5;

/** A service that has moved, and whatever keeps it from moving back. */
export interface Taken extends AsyncDisposable {
  readonly before: string;
  readonly after: string;
}

/**
 * Replaces a service's container by one with another address in the network between the services. The engine gives a
 * free address again: containers that do nothing take those that would be the old one.
 *
 * @returns once it serves
 */
export async function takeAddress(bookstore: ComposeBookstore, service: ServiceName): Promise<Taken> {
  const network = `${bookstore.project}_services`;
  const takers: string[] = [];
  const dispose = async () => {
    if (takers.length > 0) await docker(['rm', '--force', ...takers]);
  };
  const before = await addressOf(bookstore, service);
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      await bookstore.compose('rm', '--stop', '--force', service);
      takers.push((await docker(['run', '--detach', '--network', network, 'postgres:18', 'sleep', 'infinity'])).trim());
      await bookstore.services[service].recreate();
      const after = await addressOf(bookstore, service);
      if (after !== before) return { before, after, [Symbol.asyncDispose]: dispose };
    }
    throw new Error(`the ${service} has come back to ${before} ${TRIES} times`);
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function addressOf(bookstore: ComposeBookstore, service: ServiceName): Promise<string> {
  const [id = ''] = await bookstore.containersOf(service);
  const network = `${bookstore.project}_services`;
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  return (await docker(['inspect', '--format', format, id])).trim();
}
