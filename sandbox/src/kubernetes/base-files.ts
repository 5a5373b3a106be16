import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { root, type Service, services } from '../../../scripts/services.mjs';
import { completeManifests } from './complete-manifests.js';
import type { Files } from './files.js';
import { isDeployment, type Manifest, parseManifests, toYaml } from './manifest.js';

/**
 * All files of k8s/base: the manifests that every overlay has, and a folder for each of k8s/components/{local,secure,
 * production} with what that component needs for each service.
 *
 * @param converted kompose's manifests
 */
export function baseFiles(converted: Manifest[]): Files {
  const images = services.map(({ name }) => imageOf(name));
  return new Map([
    ...filesOf('k8s/base', { resources: completeManifests(converted) }),
    ...filesOf('k8s/base/local', forEachService('local')),
    ...filesOf('k8s/base/secure', forEachService('secure')),
    ...filesOf('k8s/base/production', { ...forEachService('production'), images }),
  ]);
}

/** What kustomize gets in a folder. */
interface Content {
  readonly resources: readonly Manifest[];
  readonly patches?: readonly Manifest[];
  readonly images?: readonly object[];
}

function filesOf(folder: string, { resources, patches = [], images = [] }: Content): Files {
  const fileOf = ({ kind, metadata }: Manifest) => `${metadata.name}-${kind.toLowerCase()}.yaml`;
  const kustomization = {
    ...(folder === 'k8s/base'
      ? { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' }
      : { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component' }),
    resources: resources.map(fileOf).sort(),
    ...(patches.length > 0 && { patches: patches.map((patch) => ({ path: fileOf(patch) })) }),
    ...(images.length > 0 && { images }),
  };
  const files = [...resources, ...patches].map((manifest) => [fileOf(manifest), toYaml(manifest)] as const);
  const all = [...files, ['kustomization.yaml', stringify(kustomization)] as const];
  return new Map(all.map(([name, text]) => [`${folder}/${name}`, text]));
}

function forEachService(component: string): Content {
  const template = readFileSync(path.join(root, 'k8s/components', component, 'each-service.yaml'), 'utf8');
  const manifests = services.flatMap((service) => parseManifests(withNames(template, service)));
  for (const manifest of manifests.filter(({ kind }) => kind === 'Secret')) {
    const { name } = manifest.metadata;
    manifest.data = { [name]: readFileSync(path.join(root, 'sandbox/dev-secrets', name), 'base64') };
  }
  return { resources: manifests.filter((each) => !isDeployment(each)), patches: manifests.filter(isDeployment) };
}

const withNames = (template: string, { name, shortName, port }: Service) =>
  template.replaceAll('SERVICE', name).replaceAll('DATABASE', `${shortName}-db`).replaceAll('PORT', String(port));

/** A name that no registry has: an image that nobody has named by its digest cannot be pulled. */
const imageOf = (name: string) => ({
  name: `bookstore/${name}`,
  newName: `registry.example.com/bookstore/${name}`,
  digest: `sha256:${'0'.repeat(64)}`,
});
