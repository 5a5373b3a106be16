import { services } from '../../../scripts/services.mjs';
import { type Deployment, environmentOf, isDeployment, type Manifest } from './manifest.js';
import { networkPolicies } from './network-policies.js';

/**
 * Adds to kompose's manifests what differs from service to service. What all have in common is in k8s/components, as
 * patches by label. For those, each pod has the same inner names: containers `service`, `migrate` and `database`, volumes
 * `tmpfs0`, `service-password` and so on.
 */
export function completeManifests(converted: Manifest[]): Manifest[] {
  const deployment = (name: string) => {
    const found = converted.find((manifest) => isDeployment(manifest) && manifest.metadata.name === name);
    if (!found) throw new Error(`kompose has made no Deployment ${name}`);
    return found as Deployment;
  };
  for (const manifest of converted.filter(isDeployment)) shortenVolumeNames(manifest);
  const configMaps = services.map(({ shortName }) => completeDatabase(deployment(`${shortName}-db`)));
  for (const { name, shortName } of services) {
    completeService(deployment(name), deployment(`${shortName}-migrate`));
  }
  const manifests = [...converted.filter(({ metadata }) => !metadata.name.endsWith('-migrate')), ...configMaps];
  const all = [...manifests, ...networkPolicies(manifests.filter(isDeployment))];
  for (const manifest of all) label(manifest);
  return all;
}

function shortenVolumeNames({ spec }: Deployment): void {
  const { containers, volumes = [] } = spec.template.spec;
  for (const volume of [...volumes, ...(containers[0].volumeMounts ?? [])]) {
    volume.name = volume.name.replace(/^.+-(tmpfs\d+|(?:service|migrator)-password)$/, '$1');
  }
}

function completeService({ spec }: Deployment, migration: Deployment): void {
  const pod = spec.template.spec;
  const [container] = pod.containers;
  container.name = 'service';
  const probe = { grpc: { port: Number(environmentOf(container).PUBLIC_PORT) } };
  Object.assign(container, { startupProbe: probe, livenessProbe: probe, readinessProbe: probe });
  const { containers, volumes = [] } = migration.spec.template.spec;
  pod.initContainers = [{ ...containers[0], name: 'migrate' }];
  // The /tmp and the password that both have are one volume.
  pod.volumes = [...new Map([...(pod.volumes ?? []), ...volumes].map((volume) => [volume.name, volume])).values()];
}

/** @returns the ConfigMap that takes the place of its environment, apart from the file of the password */
function completeDatabase({ metadata: { name }, spec }: Deployment): Manifest {
  const [container] = spec.template.spec.containers;
  container.name = 'database';
  const probe = { exec: container.livenessProbe?.exec };
  Object.assign(container, { startupProbe: probe, readinessProbe: probe });
  const env = container.env ?? [];
  container.env = env.filter((variable) => variable.name.endsWith('_FILE'));
  container.envFrom = [{ configMapRef: { name } }];
  const moved = env.filter((variable) => !container.env?.includes(variable));
  const data = environmentOf({ env: moved });
  const labels = { 'io.kompose.service': name };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data };
}

/** Says which part of the bookstore it belongs to: the volume to its database, everything else by its own name. */
function label(manifest: Manifest): void {
  const { labels = {} } = manifest.metadata;
  const part = labels['io.kompose.service'] ?? manifest.metadata.name;
  const service = services.find(({ name, shortName }) => [name, `${shortName}-db`, `${shortName}-data`].includes(part));
  const isServer = part === service?.name;
  const added = {
    'app.kubernetes.io/name': service && !isServer ? `${service.shortName}-db` : part,
    ...(service && { 'app.kubernetes.io/component': isServer ? 'server' : 'database' }),
  };
  manifest.metadata.labels = { ...labels, ...added };
  if (isDeployment(manifest)) Object.assign(manifest.spec.template.metadata.labels, added);
}
