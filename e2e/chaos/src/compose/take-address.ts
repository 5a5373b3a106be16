import type { ServiceName } from '../bookstore/chaos-bookstore.js';
import type { ComposeBookstore } from './compose-bookstore.js';
import { docker } from './engine.js';

const TRIES = 5;

/**
 * Replaces a service's container by one with another address in the network between the services. The engine gives a
 * free address again: containers that do nothing take those that would be the old one.
 *
 * @returns once it serves
 */
export async function takeAddress(
  bookstore: ComposeBookstore,
  service: ServiceName,
): Promise<{ readonly before: string; readonly after: string }> {
  const before = await addressOf(bookstore, service);
  for (let tries = 0; tries < TRIES; tries++) {
    await bookstore.compose('rm', '--stop', '--force', service);
    await bookstore.runBeside('postgres:18', 'sleep', 'infinity');
    await bookstore.services[service].recreate();
    const after = await addressOf(bookstore, service);
    if (after !== before) return { before, after };
  }
  throw new Error(`the ${service} has come back to ${before} ${TRIES} times`);
}

async function addressOf(bookstore: ComposeBookstore, service: ServiceName): Promise<string> {
  const [id = ''] = await bookstore.containersOf(service);
  const format = `{{(index .NetworkSettings.Networks "${bookstore.network}").IPAddress}}`;
  return (await docker(['inspect', '--format', format, id])).trim();
}
