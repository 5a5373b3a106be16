import type { TestProject } from 'vitest/node';
import { startTarget } from './start-target.js';

/** One target for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, ...target } = await startTarget();
  project.provide('target', target);
  return stop;
}
