import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

export const overlays = ['docker-desktop', 'minikube', 'secure', 'production'] as const;
export type Overlay = (typeof overlays)[number];

/** As each overlay says: the secured bookstore beside the open one has databases of its own. */
export const namespaceOf = (overlay: Overlay) => (overlay === 'secure' ? 'bookstore-secure' : 'bookstore');

export const overlayPath = (overlay: Overlay) => path.join(root, 'k8s/overlays', overlay);
