import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

export const overlays = ['docker-desktop', 'minikube'] as const;
export type Overlay = (typeof overlays)[number];

export const namespace = 'bookstore';

export const overlayPath = (overlay: Overlay) => path.join(root, 'k8s/overlays', overlay);
