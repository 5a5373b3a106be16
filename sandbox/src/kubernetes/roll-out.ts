import { isDeepStrictEqual } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { podsIn, requireImages } from './images.js';
import type { Kubectl } from './kubectl.js';
import { asList, deploymentsIn, deploymentsOf, isOwnImage, ownImages } from './rendered.js';
import type { Manifest } from './split.js';

const ROLLOUT_TIMEOUT = '300s';

/**
 * Applies manifests and waits until everything is ready, on images as they are now: one that has been built again under
 * its tag changes no manifest, so its pods are restarted.
 *
 * @throws SandboxError that says what is not ready
 */
export async function rollOut(kubectl: Kubectl, namespace: string, manifests: Manifest[]): Promise<void> {
  const deployments = await deploymentsIn(kubectl, namespace);
  const except = new Set((await podsIn(kubectl, namespace)).map(({ metadata }) => metadata.name));
  if (!(await kubectl.feed(asList(manifests), '-n', namespace, 'apply', '-f', '-'))) {
    throw new SandboxError('kubectl apply has failed');
  }
  await restartUnchanged(kubectl, namespace, deployments);

  const names = deploymentsOf(manifests).map(({ metadata }) => `deployment/${metadata.name}`);
  const done = new AbortController();
  try {
    await Promise.race([
      waitForRollouts(kubectl, namespace, names, done.signal),
      requireImages(kubectl, namespace, { images: ownImages(manifests), except, signal: done.signal }),
    ]);
  } finally {
    done.abort();
  }
}

type Deployments = Awaited<ReturnType<typeof deploymentsIn>>;

async function restartUnchanged(kubectl: Kubectl, namespace: string, before: Deployments): Promise<void> {
  const templates = new Map(before.map(({ metadata, spec }) => [metadata.name, spec.template]));
  const unchanged = (await deploymentsIn(kubectl, namespace)).filter(
    ({ metadata, spec }) =>
      spec.template.spec.containers.some(({ image }) => isOwnImage(image)) &&
      isDeepStrictEqual(spec.template, templates.get(metadata.name)),
  );
  if (unchanged.length === 0) return;
  const names = unchanged.map(({ metadata }) => `deployment/${metadata.name}`);
  if (!(await kubectl.show('-n', namespace, 'rollout', 'restart', ...names))) {
    throw new SandboxError('kubectl rollout restart has failed');
  }
}

async function waitForRollouts(
  kubectl: Kubectl,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const name of names) {
    const status = ['rollout', 'status', name, `--timeout=${ROLLOUT_TIMEOUT}`];
    if (await kubectl.showUntil(signal, '-n', namespace, ...status)) continue;
    await kubectl.show('-n', namespace, 'get', 'pods');
    throw new SandboxError(
      `${name} is not ready; why: kubectl --context ${kubectl.context} -n ${namespace} describe ${name}, and logs ${name} --all-containers`,
    );
  }
}
