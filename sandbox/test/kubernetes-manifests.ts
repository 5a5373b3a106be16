import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { root } from '../../scripts/services.mjs';
import { readFiles } from '../src/kubernetes/files.js';
import { parseManifests } from '../src/kubernetes/manifest.js';
import { OVERLAYS, type Overlay, render, splitFolders } from '../src/kubernetes/overlays.js';

/** As much of compose.yaml as Kubernetes has to agree with. */
export interface ComposeService {
  image: string;
  user: string;
  mem_limit: string;
  command?: string[];
  environment: Record<string, string>;
  secrets: string[];
  ports?: string[];
  expose: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  labels?: Record<string, string>;
  profiles?: string[];
}

export interface Container {
  name: string;
  image: string;
  imagePullPolicy: string;
  args?: string[];
  env: { name: string; value: string }[];
  ports: { containerPort: number }[];
  resources: { limits: Record<string, string>; requests: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string }[];
  lifecycle: { preStop: { sleep: { seconds: number } } };
  [probe: `${string}Probe`]: { grpc?: object; exec?: { command: string[] } };
}

export interface Rule {
  ports?: { port: number; protocol: string }[];
  from?: Peer[];
  to?: Peer[];
}
type Peer = { podSelector: Selector };
export interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'NotIn'; values: string[] }[];
}

export interface Manifest {
  kind: string;
  metadata: { name: string; labels: Record<string, string> };
  data: Record<string, string>;
  spec: {
    clusterIP?: string;
    type?: string;
    ports: { port: number }[];
    strategy: { rollingUpdate: { maxUnavailable: number } };
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        containers: [Container];
        initContainers?: [Container];
        securityContext: Record<string, unknown>;
        automountServiceAccountToken: boolean;
        terminationGracePeriodSeconds: number;
        volumes: { name: string; secret?: { secretName: string; items?: { key: string }[] } }[];
      };
    };
    podSelector: Selector;
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

/** Those that this machine can render; docker-desktop is committed as rendered. */
export const overlays: readonly Overlay[] = (await render('docker-desktop')) ? OVERLAYS : ['docker-desktop'];

export async function manifestsOf(overlay: Overlay): Promise<Manifest[]> {
  const text = (await render(overlay)) ?? [...readFiles(...splitFolders()).values()].join('---\n');
  return parseManifests(text) as unknown as Manifest[];
}

/** @throws Error when there is none */
export function find(manifests: Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}
