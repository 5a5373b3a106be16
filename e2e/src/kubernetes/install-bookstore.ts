import { randomBytes } from 'node:crypto';
import { chooseContext, type Kubectl, putSecrets, renderWith, rollOut } from '@bookstore/sandbox/kubernetes';

/** A bookstore in a namespace of its own. */
export interface InstalledBookstore {
  readonly namespace: string;
  readonly context: string;
  /** kubectl in that namespace; its output. */
  kubectl(...args: string[]): Promise<string>;
  /** kubectl in that namespace, fed with this manifest. */
  apply(manifest: object): Promise<void>;
  /** What `npm run k8s:up` does, in this namespace. */
  rollOut(overlay: 'docker-desktop' | 'secure'): Promise<void>;
  /** Waits until each deployment has the pods it wants, of its newest template, and they are ready. */
  waitUntilReady(): Promise<void>;
  uninstall(): Promise<void>;
}

const ROLLOUT_TIMEOUT = '--timeout=240s';

/**
 * The docker-desktop overlay, or the secure one with credentials made in this folder, on the context that E2E_CONTEXT
 * names, else on kubectl's current one.
 *
 * @throws SandboxError when the current one is not local
 */
export async function installBookstore(credentials?: string): Promise<InstalledBookstore> {
  const kubectl = await chooseContext(process.env.E2E_CONTEXT);
  const bookstore = await newNamespace(kubectl);
  try {
    const { namespace } = bookstore;
    if (credentials) await putSecrets(kubectl, 'secure', { folder: credentials, namespace });
    await bookstore.rollOut(credentials ? 'secure' : 'docker-desktop');
    return bookstore;
  } catch (error) {
    await bookstore.uninstall();
    throw error;
  }
}

/** An empty namespace under pod security "restricted". */
export async function newNamespace(kubectl: Kubectl): Promise<InstalledBookstore> {
  const namespace = `bookstore-e2e-${randomBytes(4).toString('hex')}`;
  const inside = (...args: string[]) => kubectl.read('-n', namespace, ...args);
  await kubectl.read('create', 'namespace', namespace);
  await kubectl.read('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
  return {
    namespace,
    context: kubectl.context,
    kubectl: inside,
    apply: async (manifest) => {
      await kubectl.readFed(JSON.stringify(manifest), '-n', namespace, 'apply', '-f', '-');
    },
    rollOut: async (overlay) => {
      const manifests = (await renderWith(kubectl, overlay)).filter(({ kind }) => kind !== 'Namespace');
      for (const manifest of manifests) delete manifest.metadata.namespace;
      await rollOut(kubectl, namespace, manifests);
    },
    waitUntilReady: async () => {
      const names = (await inside('get', 'deployments', '-o', 'name')).trim().split('\n');
      for (const name of names) await inside('rollout', 'status', name, ROLLOUT_TIMEOUT);
    },
    uninstall: async () => {
      await kubectl.read('delete', 'namespace', namespace, '--wait=false');
    },
  };
}
