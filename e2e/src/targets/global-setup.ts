import type { TestProject } from 'vitest/node';
import type { StartedTarget, TargetName } from './target.js';

const starters: Record<TargetName, () => Promise<StartedTarget>> = {
  embedded: async () => (await import('./embedded.js')).startEmbedded(),
  compose: async () => (await import('./compose.js')).startCompose(),
  kubernetes: async () => (await import('./kubernetes.js')).startKubernetes(),
};

/** Starts one bookstore for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const start = starters[process.env.E2E_SUITE as TargetName] ?? starters.embedded;
  const { stop, ...target } = await start();
  project.provide('target', target);
  return stop;
}
