import { setTimeout } from 'node:timers/promises';
import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';
import type { Kubectl } from './kubectl.js';

const POLL_MS = 1000;

/** How a pod says that its node has no image. */
const noImage = new Set(['ErrImageNeverPull', 'ErrImagePull', 'ImagePullBackOff']);

/** What copies a local image into a cluster that does not share Docker's own. */
const loadCommands: [RegExp, (image: string, context: string) => string][] = [
  [/^minikube$/, (image) => `minikube image load ${image}`],
  [/^kind-/, (image, context) => `kind load docker-image ${image} --name ${context.slice('kind-'.length)}`],
  [/^k3d-/, (image, context) => `k3d image import ${image} --cluster ${context.slice('k3d-'.length)}`],
];

const loadCommandOf = (context: string) => loadCommands.find(([name]) => name.test(context))?.[1];

/**
 * Where the cluster runs what Docker has, an image that Docker lacks would be asked of a public registry.
 *
 * @throws SandboxError for an image that is not built; without the docker command nobody here can tell
 */
export async function requireBuilt(context: string, images: readonly string[]): Promise<void> {
  if (loadCommandOf(context)) return;
  for (const image of images) {
    const { status, stderr } = await runProgram('docker', ['image', 'inspect', '--format', '{{.Id}}', image]);
    if (status === 1 && /no such image/i.test(stderr)) {
      throw new SandboxError(`there is no image ${image}: docker compose build`);
    }
  }
}

interface ContainerStatus {
  readonly image: string;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export async function podsIn(kubectl: Kubectl, namespace: string): Promise<readonly Pod[]> {
  return JSON.parse(await kubectl.read('-n', namespace, 'get', 'pods', '-o', 'json')).items;
}

/**
 * Watches the pods until the signal. They alone can tell whether the cluster has an image that was built here: what a node
 * lists is late, cut off at fifty, and written as its runtime likes. An image of a registry may still come.
 *
 * @param images those that were built here
 * @param except pods that were there before, and may wait for what has come since
 * @throws SandboxError as soon as a pod finds no such image, with the command that builds or loads them
 */
export async function requireImages(
  kubectl: Kubectl,
  namespace: string,
  { images, except, signal }: { images: readonly string[]; except: ReadonlySet<string>; signal: AbortSignal },
): Promise<never> {
  for (;;) {
    const pods = (await podsIn(kubectl, namespace)).filter(({ metadata }) => !except.has(metadata.name));
    const statuses = pods.flatMap(({ status }) => [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
    ]);
    const missing = statuses.find(
      ({ image, state }) => images.includes(image) && noImage.has(state?.waiting?.reason ?? ''),
    );
    if (missing)
      throw new SandboxError(`the cluster has no image ${missing.image}: ${commandsFor(kubectl.context, images)}`);
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

function commandsFor(context: string, images: readonly string[]): string {
  const load = loadCommandOf(context);
  return ['docker compose build', ...(load ? images.map((image) => load(image, context)) : [])].join(' && ');
}
