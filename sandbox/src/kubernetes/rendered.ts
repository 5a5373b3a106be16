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

export const deploymentsOf = (manifests: Manifest[]) =>
  manifests.filter((manifest): manifest is Deployment => manifest.kind === 'Deployment');

/** The images that are built here: no registry has them. */
export function ownImages(manifests: Manifest[]): string[] {
  const images = deploymentsOf(manifests).flatMap(({ spec }) =>
    spec.template.spec.containers.map(({ image }) => image),
  );
  return images.filter((image) => image.startsWith('bookstore/'));
}

/** As `kubectl apply -f -` takes them: JSON is YAML. */
export const asList = (items: Manifest[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
