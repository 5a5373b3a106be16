import { SandboxError } from '../sandbox-error.js';
import { runCommand } from './command.js';
import type { Kubectl } from './kubectl.js';

/** A node tells of no more images than this (nodeStatusMaxImages). */
const MOST_IMAGES_TOLD = 50;

/** What copies a local image into a cluster that does not share Docker's own. */
const loadCommands: [RegExp, (image: string, context: string) => string][] = [
  [/^minikube$/, (image) => `minikube image load ${image}`],
  [/^kind-/, (image, context) => `kind load docker-image ${image} --name ${context.slice('kind-'.length)}`],
  [/^k3d-/, (image, context) => `k3d image import ${image} --cluster ${context.slice('k3d-'.length)}`],
];

/**
 * Checks that the cluster has the images, which no registry has.
 *
 * @throws SandboxError with the command that builds or loads them
 */
export async function requireImages(kubectl: Kubectl, images: string[]): Promise<void> {
  const onNode = await imagesOnNodes(kubectl);
  const missing = images.filter((image) => !onNode.names.has(withRegistry(image)));
  if (missing.length === 0) return;
  const load = loadCommands.find(([context]) => context.test(kubectl.context))?.[1];
  if (!load) {
    for (const image of missing) await requireInDocker(image);
  } else if (!onNode.truncated) {
    const commands = missing.map((image) => load(image, kubectl.context)).join(' && ');
    throw new SandboxError(`the cluster has no image ${missing.join(', ')}: docker compose build && ${commands}`);
  }
}

interface Nodes {
  readonly items: readonly { readonly status: { readonly images?: readonly { readonly names?: string[] }[] } }[];
}

async function imagesOnNodes(kubectl: Kubectl) {
  const { items } = JSON.parse(await kubectl.read('get', 'nodes', '-o', 'json')) as Nodes;
  const images = items.flatMap(({ status }) => status.images ?? []);
  const names = new Set(images.flatMap((image) => image.names ?? []));
  return { names, truncated: images.length >= MOST_IMAGES_TOLD };
}

/** These clusters run what Docker has; without the docker command nobody here can tell. */
async function requireInDocker(image: string): Promise<void> {
  const { status, stderr } = await runCommand('docker', ['image', 'inspect', '--format', '{{.Id}}', image]);
  if (status !== 1 || !/no such image/i.test(stderr)) return;
  throw new SandboxError(`there is no image ${image}: docker compose build`);
}

/** `postgres:18` is short for `docker.io/library/postgres:18`. */
function withRegistry(image: string): string {
  const [first = '', ...rest] = image.split('/');
  if (rest.length === 0) return `docker.io/library/${image}`;
  return /[.:]|^localhost$/.test(first) ? image : `docker.io/${image}`;
}
