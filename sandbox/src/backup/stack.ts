import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { SandboxError } from '../sandbox-error.js';
import { compose, docker } from './docker.js';

export type StackService = 'author-service' | 'book-service' | 'author-db' | 'book-db';

const HEALTHY_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 250;

const containerLine = z.object({
  ID: z.string(),
  Service: z.string(),
  State: z.string(),
  Health: z.string().default(''),
});

export interface Container {
  readonly id: string;
  readonly service: string;
  /** As Docker says it: running, exited, restarting, … */
  readonly state: string;
  /** healthy, starting, unhealthy; empty where nobody looks. */
  readonly health: string;
}

/** The containers of these services, stopped ones too. */
export async function containersOf(...services: StackService[]): Promise<Container[]> {
  const output = await compose(['ps', '--all', '--format', 'json', ...services]);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => containerLine.parse(JSON.parse(line)))
    .map(({ ID, Service, State, Health }) => ({ id: ID, service: Service, state: State, health: Health }));
}

/** @throws SandboxError unless both databases run and both services are there, stopped or not */
export async function requireStack(): Promise<void> {
  const containers = await containersOf('author-service', 'book-service', 'author-db', 'book-db');
  const there = (service: StackService, states?: string) =>
    containers.some((found) => found.service === service && (states === undefined || found.state === states));
  const databases = there('author-db', 'running') && there('book-db', 'running');
  if (!databases || !there('author-service') || !there('book-service'))
    throw new SandboxError('the bookstore is not up: docker compose up --wait');
}

/**
 * Stops services, which lets their calls in flight end, for as long as `work` takes; then exactly the containers that ran
 * run again, whatever became of the work.
 *
 * @throws SandboxError when one is not healthy in time
 */
export async function withoutServices(
  services: StackService[],
  onStep: (what: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  const since = performance.now();
  const ran = (await containersOf(...services)).filter(({ state }) => !isStopped(state)).map(({ id }) => id);
  const names = services.join(' and ');
  if (ran.length === 0) {
    onStep(`not running, and left so: ${names}`);
    return await work();
  }
  onStep(`stopping: ${names}`);
  try {
    await compose(['stop', ...services]);
    await work();
  } finally {
    // Not `compose start`, which runs the migrations first and keeps the callers waiting for that.
    await startContainers(ran, services);
    onStep(`serving again after ${((performance.now() - since) / 1000).toFixed(1)} s: ${names}`);
  }
}

export const isStopped = (state: string) => state === 'exited' || state === 'created';

async function startContainers(ids: string[], services: StackService[]): Promise<void> {
  await docker(['start', ...ids]);
  const until = Date.now() + HEALTHY_TIMEOUT_MS;
  while (!(await containersOf(...services)).every(({ id, ...container }) => !ids.includes(id) || isUp(container))) {
    if (Date.now() >= until)
      throw new SandboxError(
        `started, and not healthy after ${HEALTHY_TIMEOUT_MS / 1000} s: docker compose logs ${services.join(' ')}`,
      );
    await sleep(LOOK_EVERY_MS);
  }
}

const isUp = ({ state, health }: Pick<Container, 'state' | 'health'>) =>
  state === 'running' && (health === 'healthy' || health === '');
