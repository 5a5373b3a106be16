import { readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../scripts/services.mjs';
import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';
import type { Files } from './files.js';
import { parseManifests, toYaml } from './manifest.js';

export const OVERLAYS = ['docker-desktop', 'minikube', 'secure', 'production'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** An overlay as YAML, by kustomize or else by the one inside kubectl; undefined where neither is on PATH. */
export async function render(overlay: Overlay): Promise<string | undefined> {
  const folder = path.join(root, 'k8s/overlays', overlay);
  for (const command of ['kustomize build', 'kubectl kustomize']) {
    const [program = '', ...args] = command.split(' ');
    const { status, stdout, stderr } = await runProgram(program, [...args, folder]);
    if (status === 0) return stdout;
    if (status !== undefined) throw new SandboxError(`${program} cannot render k8s/overlays/${overlay}: ${stderr}`);
  }
  return undefined;
}

/**
 * The rendered overlay as a folder for each part of the bookstore, with a file for each kind of manifest in it. None
 * names a namespace, so that `kubectl apply -f` takes them in the current one.
 */
export function splitManifests(rendered: string): Files {
  const texts = new Map<string, string[]>();
  for (const manifest of parseManifests(rendered)) {
    const { kind, metadata } = manifest;
    const folder = metadata.labels?.['app.kubernetes.io/name'] ?? 'namespace';
    const file = `k8s/${folder}/${kind === 'PersistentVolumeClaim' ? 'pvc' : kind.toLowerCase()}.yaml`;
    delete metadata.namespace;
    texts.set(file, [...(texts.get(file) ?? []), toYaml(manifest)]);
  }
  return new Map([...texts].sort().map(([file, parts]) => [file, header(file) + parts.join('---\n')]));
}

/** The folders of the last export. */
export function splitFolders(): string[] {
  const others = ['base', 'components', 'overlays'];
  return readdirSync(path.join(root, 'k8s'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !others.includes(entry.name))
    .map(({ name }) => `k8s/${name}`);
}

function header(file: string): string {
  const secret = file.endsWith('/secret.yaml')
    ? '# Development passwords, public with the source. Never use them elsewhere.\n'
    : '';
  return `# From k8s/overlays/docker-desktop, by npm run k8s:export: not to be edited here.\n${secret}`;
}
