import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { readFiles } from '../src/kubernetes/files.js';
import { type Overlay, root } from '../src/kubernetes/paths.js';
import { findRenderer } from '../src/kubernetes/render.js';
import { parseManifests, splitFolders } from '../src/kubernetes/split.js';

/** As much of compose.yaml as Kubernetes has to agree with. */
export interface ComposeService {
  image: string;
  user: string;
  read_only: boolean;
  mem_limit: string;
  command?: string[];
  environment: Record<string, string>;
  secrets: string[];
  ports?: string[];
  expose: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  profiles?: string[];
}

export interface Container {
  name: string;
  image: string;
  imagePullPolicy: string;
  command?: string[];
  env: { name: string; value: string }[];
  envFrom?: { configMapRef: { name: string } }[];
  ports: { containerPort: number }[];
  resources: { limits: Record<string, string>; requests: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string }[];
  lifecycle: { preStop: { sleep: { seconds: number } } };
  [probe: `${string}Probe`]: { grpc?: { port: number; service?: string }; exec?: { command: string[] } };
}

export interface Rule {
  ports: { port: number; protocol: string }[];
  from?: Peer[];
  to?: Peer[];
}
type SecretVolume = { secretName: string; items?: { key: string }[] };
type Peer = { podSelector?: { matchLabels: Record<string, string> } };

export interface Manifest {
  kind: string;
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> };
  data: Record<string, string>;
  spec: {
    clusterIP?: string;
    type?: string;
    ports: { port: number; targetPort: number }[];
    strategy: { rollingUpdate: { maxUnavailable: number } };
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        containers: [Container];
        initContainers?: [Container];
        securityContext: Record<string, unknown>;
        automountServiceAccountToken: boolean;
        terminationGracePeriodSeconds: number;
        volumes: { name: string; secret?: SecretVolume; persistentVolumeClaim?: { claimName: string } }[];
      };
    };
    podSelector: {
      matchLabels?: Record<string, string>;
      matchExpressions?: { key: string; operator: 'In' | 'NotIn'; values: string[] }[];
    };
    policyTypes: string[];
    ingress?: Rule[];
    egress?: Rule[];
  };
}

/** compose.yaml's services, with the default of every variable in it, and without those that compose passes on. */
export function composeServices(): Record<string, ComposeService> {
  const text = readFileSync(path.join(root, 'compose.yaml'), 'utf8').replace(/\$\{\w+:-([^}]*)\}/g, '$1');
  const { services } = parse(text, { merge: true }) as { services: Record<string, ComposeService> };
  for (const service of Object.values(services)) {
    const set = Object.entries(service.environment ?? {}).filter(([, value]) => value !== null);
    service.environment = Object.fromEntries(set);
  }
  return services;
}

/** An overlay as it is now where kustomize or kubectl is on PATH, else docker-desktop's as it was exported. */
export async function manifestsOf(overlay: Overlay): Promise<Manifest[]> {
  const render = await findRenderer();
  const text = render ? await render(overlay) : [...readFiles(...splitFolders).values()].join('---\n');
  return parseManifests(text) as unknown as Manifest[];
}

/** @throws Error when there is none */
export function find(manifests: Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

export const environmentOf = (container: Container) =>
  Object.fromEntries(container.env.map(({ name, value }) => [name, value]));

/** Bytes of a Kubernetes quantity or a compose size. */
export function bytes(quantity: string): number {
  const [, number, unit = ''] = /^(\d+)(Mi|m|)$/.exec(quantity) ?? [];
  return Number(number) * (unit === '' ? 1 : 2 ** 20);
}
