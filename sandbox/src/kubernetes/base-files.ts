import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { type Service, services } from '../../../scripts/services.mjs';
import { root } from '../root.js';
import { completeManifests } from './complete-manifests.js';
import type { Files } from './files.js';
import { type Manifest, toYaml } from './manifest.js';

/** A folder for kustomize. */
interface Folder {
  readonly resources: readonly Manifest[];
  readonly patches?: readonly Manifest[];
  readonly images?: readonly object[];
}

/**
 * All files of k8s/base: the manifests that every overlay has, and a folder for each of k8s/components/{local,secure,
 * production} with what that component needs for each service.
 *
 * @param converted kompose's manifests
 */
export function baseFiles(converted: Manifest[]): Files {
  return new Map([
    ...filesOf('k8s/base', { resources: completeManifests(converted) }),
    ...filesOf('k8s/base/local', { resources: services.flatMap(developmentPasswords) }),
    ...filesOf('k8s/base/secure', { resources: services.map(publicService), patches: services.map(credentials) }),
    ...filesOf('k8s/base/production', {
      resources: services.flatMap(scaling),
      patches: services.map(databaseCredentials),
      images: services.map(image),
    }),
  ]);
}

function filesOf(folder: string, { resources, patches = [], images = [] }: Folder): Files {
  const fileOf = ({ kind, metadata }: Manifest) => `${metadata.name}-${kind.toLowerCase()}.yaml`;
  const kustomization = {
    ...(folder === 'k8s/base'
      ? { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' }
      : { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component' }),
    resources: resources.map(fileOf).sort(),
    ...(patches.length > 0 && { patches: patches.map((patch) => ({ path: fileOf(patch) })) }),
    ...(images.length > 0 && { images }),
  };
  const files = [...resources, ...patches].map(
    (manifest) => [`${folder}/${fileOf(manifest)}`, toYaml(manifest)] as const,
  );
  return new Map([...files, [`${folder}/kustomization.yaml`, stringify(kustomization)] as const]);
}

/** compose.yaml's secrets of one database. */
function developmentPasswords({ shortName }: Service): Manifest[] {
  return ['migrator', 'service'].map((role) => {
    const name = `${shortName}-db-${role}-password`;
    const password = readFileSync(path.join(root, 'sandbox/dev-secrets', name), 'base64');
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, labels: labels(`${shortName}-db`) },
      data: { [name]: password },
    };
  });
}

/** Beside the headless Service of the same pods, which has the internal port too and stays inside. */
const publicService = ({ name, port }: Service): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `${name}-public`, labels: labels(name) },
  spec: {
    type: 'LoadBalancer',
    selector: { 'io.kompose.service': name },
    ports: [{ name: 'grpc', port, targetPort: 'public' }],
  },
});

const credentials = ({ name }: Service) => volumesPatch(name, { credentials: `${name}-credentials` });

const databaseCredentials = ({ name, shortName }: Service) =>
  volumesPatch(name, {
    database: `${shortName}-db-credentials`,
    'migrator-database': `${shortName}-db-credentials`,
  });

/** A patch that adds volumes of Secrets to the pods of a service. */
function volumesPatch(name: string, secrets: Record<string, string>): Manifest {
  const volumes = Object.entries(secrets).map(([volume, secretName]) => ({ name: volume, secret: { secretName } }));
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { template: { spec: { volumes } } } };
}

/** The numbers are in k8s/components/production. */
const scaling = ({ name }: Service): Manifest[] => [
  {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, labels: labels(name) },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, labels: labels(name) },
    spec: { selector: { matchLabels: { 'io.kompose.service': name } } },
  },
];

/** A name that no registry has: an image that nobody has named by its digest cannot be pulled. */
const image = ({ name }: Service) => ({
  name: `bookstore/${name}`,
  newName: `registry.example.com/bookstore/${name}`,
  digest: `sha256:${'0'.repeat(64)}`,
});

const labels = (name: string) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/component': services.some((service) => service.name === name) ? 'server' : 'database',
});
