import { parseAllDocuments, stringify } from 'yaml';

/** A Kubernetes object. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

export interface Container {
  name: string;
  env?: { name: string; value: string }[];
  envFrom?: object[];
  volumeMounts?: { name: string }[];
  [probe: `${string}Probe`]: { exec?: object };
}

export interface Deployment extends Manifest {
  spec: {
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: [Container]; initContainers?: Container[]; volumes?: { name: string }[] };
    };
  };
}

export const isDeployment = (manifest: Manifest): manifest is Deployment => manifest.kind === 'Deployment';

export const environmentOf = ({ env = [] }: Pick<Container, 'env'>): Record<string, string> =>
  Object.fromEntries(env.map(({ name, value }) => [name, value]));

/** Kubernetes reads YAML 1.1, in which an unquoted `off` is false. */
const version = '1.1';

/** The documents of a YAML text, without empty ones. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version }).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    return (document.toJS() as Manifest | null) ?? [];
  });
}

/** YAML with the fields that name an object first. */
export function toYaml({ apiVersion, kind, metadata: { name, ...metadata }, ...rest }: Manifest): string {
  const ordered = { apiVersion, kind, metadata: { name, ...metadata }, ...rest };
  return stringify(ordered, { version, lineWidth: 0, aliasDuplicateObjects: false });
}
