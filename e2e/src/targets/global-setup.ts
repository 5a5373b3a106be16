import type { TestProject } from 'vitest/node';
import { root, services } from '../../../scripts/services.mjs';
import { ComposeStack } from '../../chaos/src/bookstore/compose-stack.js';
import { startOwnBookstore } from '../client/own-bookstore.js';
import { installBookstore } from '../kubernetes/namespace.js';
import { forwardPorts } from '../kubernetes/port-forward.js';
import type { Target, TargetName } from './target.js';

/** A target that this run started and stops. */
interface StartedTarget extends Target {
  stop(): Promise<void>;
}

/** Building included, where nothing of it is cached, ms. */
const COMPOSE_STARTUP_MS = 600_000;

const starters: Record<TargetName, () => Promise<StartedTarget>> = { embedded, compose, kubernetes };

/** Starts one bookstore for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const start = starters[process.env.E2E_SUITE as TargetName] ?? starters.embedded;
  const { stop, ...target } = await start();
  project.provide('target', target);
  return stop;
}

/** Both services as processes of this machine, on an embedded PostgreSQL. */
async function embedded(): Promise<StartedTarget> {
  const { authorAddress, bookAddress, stop } = await startOwnBookstore({ env: { LOG_LEVEL: 'warn' } });
  return { name: 'embedded', authorAddress, bookAddress, stop };
}

/** The repository's compose.yaml, with images that are built first. */
async function compose(): Promise<StartedTarget> {
  // It takes half a second, which the other targets do not need.
  const { DockerComposeEnvironment, Wait } = await import('testcontainers');
  const { project: composeProject, env, authorAddress, bookAddress } = await ComposeStack.in();
  const environment = new DockerComposeEnvironment(root, 'compose.yaml')
    .withProjectName(composeProject)
    .withEnvironment(env)
    .withStartupTimeout(COMPOSE_STARTUP_MS)
    .withBuild();
  for (const { name } of services) environment.withWaitStrategy(`${name}-1`, Wait.forHealthCheck());
  const started = await environment.up();
  const stop = async () => void (await started.down({ removeVolumes: true }));
  return { name: 'compose', composeProject, authorAddress, bookAddress, stop };
}

/** The docker-desktop overlay in a namespace of its own, reached by port-forwards. */
async function kubernetes(): Promise<StartedTarget> {
  const namespace = await installBookstore();
  const { authorAddress, bookAddress, stop } = await forwardPorts(namespace).catch(async (error) => {
    await namespace.delete();
    throw error;
  });
  return {
    name: 'kubernetes',
    authorAddress,
    bookAddress,
    stop: async () => {
      stop();
      await namespace.delete();
    },
  };
}
