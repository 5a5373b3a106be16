import type { Kubectl } from './kubectl.js';
import { type Overlay, overlayPath } from './paths.js';
import { type Manifest, parseManifests } from './split.js';

interface Deployment extends Manifest {
  readonly spec: { readonly template: { readonly spec: { readonly containers: { readonly image: string }[] } } };
}

/** An overlay's manifests, by the kustomize inside kubectl. */
export async function renderWith(kubectl: Kubectl, overlay: Overlay): Promise<Manifest[]> {
  return parseManifests(await kubectl.read('kustomize', overlayPath(overlay)));
}

/** The deployments that are in a namespace. */
export async function deploymentsIn(kubectl: Kubectl, namespace: string): Promise<readonly Deployment[]> {
  return JSON.parse(await kubectl.read('-n', namespace, 'get', 'deployments', '-o', 'json')).items;
}

export const deploymentsOf = (manifests: Manifest[]) =>
  manifests.filter((manifest): manifest is Deployment => manifest.kind === 'Deployment');

/** Whether an image is built here: no registry has it. */
export const isOwnImage = (image: string) => image.startsWith('bookstore/');

export const ownImages = (manifests: Manifest[]) =>
  deploymentsOf(manifests)
    .flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image))
    .filter(isOwnImage);

/** As `kubectl apply -f -` takes them: JSON is YAML. */
export const asList = (items: Manifest[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
