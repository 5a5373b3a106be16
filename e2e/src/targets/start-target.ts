import { type StartedTarget, type TargetName, targetNames } from './target.js';

const starters: Record<TargetName, () => Promise<StartedTarget>> = {
  embedded: async () => (await import('./embedded.js')).startEmbedded(),
  compose: async () => (await import('./compose.js')).startCompose(),
  kubernetes: async () => (await import('./kubernetes.js')).startKubernetes(),
};

/**
 * Starts the target that E2E_TARGET names, `embedded` when it names none.
 *
 * @throws Error for a name that is no target's
 */
export function startTarget(name = process.env.E2E_TARGET || 'embedded'): Promise<StartedTarget> {
  const start = Object.hasOwn(starters, name) ? starters[name as TargetName] : undefined;
  if (!start) throw new Error(`E2E_TARGET must be one of ${targetNames.join(', ')}, not ${name}`);
  return start();
}
