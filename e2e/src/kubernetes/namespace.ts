import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../../scripts/services.mjs';
import { textOf } from '../process/output-of.js';

interface OverlayFolder extends AsyncDisposable {
  readonly folder: string;
}

/** A namespace of its own for a bookstore, in kubectl's current context. */
export class Namespace {
  readonly name = `bookstore-e2e-${randomBytes(4).toString('hex')}`;

  /**
   * kubectl in this namespace.
   *
   * @throws Error with what kubectl said
   */
  kubectl(...args: string[]): Promise<string> {
    return textOf(['kubectl', '-n', this.name, ...args]);
  }

  async apply(manifest: object): Promise<void> {
    await textOf(['kubectl', '-n', this.name, 'apply', '-f', '-'], { input: JSON.stringify(manifest) });
  }

  /** A folder with an overlay of k8s/overlays, for this namespace, and with these changes. */
  async overlay(name: 'docker-desktop' | 'secure', changes: object = {}): Promise<OverlayFolder> {
    const folder = await mkdtemp(path.join(tmpdir(), 'bookstore-e2e-'));
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace: this.name,
      resources: [path.relative(folder, path.join(root, 'k8s/overlays', name))],
      ...changes,
    };
    await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  }

  /** `kubectl apply -k` of an overlay. */
  async applyOverlay(name: 'docker-desktop' | 'secure'): Promise<void> {
    await using overlay = await this.overlay(name);
    await this.kubectl('apply', '-k', overlay.folder);
  }

  /** Waits until each Deployment has the pods it wants, of its newest template, and they are ready. */
  async waitUntilReady(): Promise<void> {
    await this.kubectl('rollout', 'status', 'deployment', '--timeout=240s');
  }

  async delete(): Promise<void> {
    await this.kubectl('delete', 'namespace', this.name, '--ignore-not-found', '--wait=false');
  }
}

/** The docker-desktop overlay in a namespace of its own. The cluster must have the images. */
export async function installBookstore(): Promise<Namespace> {
  const namespace = new Namespace();
  try {
    await namespace.applyOverlay('docker-desktop');
    await namespace.waitUntilReady();
    return namespace;
  } catch (error) {
    await namespace.delete();
    throw error;
  }
}
