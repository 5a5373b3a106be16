import { parseArgs } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { type Overlay, overlays } from './paths.js';

export interface Options {
  readonly context: string | undefined;
  readonly overlay: Overlay | undefined;
  readonly volumes: boolean;
  /** Folder of certificates, keys and passwords. */
  readonly credentials: string | undefined;
}

/**
 * What stands after `npm run k8s:… --`.
 *
 * @throws SandboxError for anything unknown
 */
export function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        context: { type: 'string' },
        overlay: { type: 'string' },
        volumes: { type: 'boolean', default: false },
        credentials: { type: 'string' },
      },
    });
    const overlay = overlays.find((name) => name === values.overlay);
    if (values.overlay && !overlay) throw new Error(`--overlay must be one of ${overlays.join(', ')}`);
    return { context: values.context, overlay, volumes: values.volumes, credentials: values.credentials };
  } catch (error) {
    throw new SandboxError((error as Error).message);
  }
}

/** The overlay that a context is used with when nobody says: `minikube` where images are copied into the cluster. */
export const overlayFor = (context: string): Overlay =>
  /^(minikube$|kind-|k3d-)/.test(context) ? 'minikube' : 'docker-desktop';
