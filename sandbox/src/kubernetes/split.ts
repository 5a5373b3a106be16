import { parseAllDocuments, stringify } from 'yaml';
import type { Files } from './files.js';

export interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

const fileNames: Record<string, string> = { PersistentVolumeClaim: 'pvc' };

/**
 * The rendered overlay as a folder for each part of the bookstore, with a file for each kind of manifest in it. None
 * names a namespace, so that `kubectl apply -f` takes them in the current one.
 */
export function splitManifests(rendered: string): Files {
  const texts = new Map<string, string[]>();
  for (const manifest of parseManifests(rendered)) {
    const { kind, metadata } = manifest;
    const folder = metadata.labels?.['app.kubernetes.io/name'] ?? 'namespace';
    const file = `k8s/${folder}/${fileNames[kind] ?? kind.toLowerCase()}.yaml`;
    delete metadata.namespace;
    texts.set(file, [...(texts.get(file) ?? []), asYaml(manifest)]);
  }
  return new Map([...texts].sort().map(([file, parts]) => [file, header(file) + parts.join('---\n')]));
}

/** The folders that splitManifests fills. */
export const splitFolders = ['namespace', 'author-db', 'book-db', 'author-service', 'book-service'].map(
  (name) => `k8s/${name}`,
);

/** @returns the YAML documents as plain objects, empty ones left out */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version: YAML_VERSION }).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    return (document.toJS() as Manifest | null) ?? [];
  });
}

/** Kubernetes reads YAML 1.1, in which an unquoted `off` is false. */
const YAML_VERSION = '1.1';

/** In the order in which people write and read manifests, not the renderer's. */
function asYaml({ kind, metadata: { name, ...metadata }, ...rest }: Manifest): string {
  const { apiVersion, ...body } = rest as Record<string, unknown>;
  const ordered = { apiVersion, kind, metadata: { name, ...metadata }, ...body };
  return stringify(ordered, { version: YAML_VERSION, lineWidth: 0, aliasDuplicateObjects: false });
}

function header(file: string): string {
  const secret = file.endsWith('/secret.yaml')
    ? '# Development passwords, public with the source. Never use them elsewhere.\n'
    : '';
  return `# From k8s/overlays/docker-desktop, by npm run k8s:export: not to be edited here.\n${secret}`;
}
