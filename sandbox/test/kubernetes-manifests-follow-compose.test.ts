import { readFileSync } from 'node:fs';
import path from 'node:path';
import { kitSettings } from '@bookstore/service-kit';
import { describe, expect, test } from 'vitest';
import { root } from '../src/kubernetes/paths.js';
import { findRenderer } from '../src/kubernetes/render.js';
import {
  bytes,
  type ComposeService,
  type Container,
  composeServices,
  environmentOf,
  find,
  manifestsOf,
} from './kubernetes-manifests.js';

const compose = composeServices();
const manifests = await manifestsOf('docker-desktop');
const services = ['author-service', 'book-service'];
const databases = ['author-db', 'book-db'];
const applications = [...services, ...databases];

const composed = (name: string) => compose[name] as ComposeService;
const podOf = (name: string) => find(manifests, 'Deployment', name).spec.template.spec;
const containerOf = (name: string) => podOf(name).containers[0];
const allContainers = applications.flatMap((name) => [
  ...podOf(name).containers,
  ...(podOf(name).initContainers ?? []),
]);
const ports = ({ ports = [], expose }: ComposeService) =>
  [...ports.map((port) => Number(port.split(':').at(-1))), ...expose.map(Number)].sort();
const mountedSecrets = (container: Container) =>
  container.volumeMounts.filter(({ mountPath }) => mountPath.startsWith('/run/secrets/')).map(({ name }) => name);

describe.each(applications)('%s', (name) => {
  test('runs the image of compose.yaml, from this machine', () => {
    expect(containerOf(name).image).toBe(composed(name).image);
    expect(containerOf(name).imagePullPolicy).toBe('IfNotPresent');
  });

  test('has the environment of compose.yaml, and an age for connections that fits a rollout', () => {
    const { envFrom = [] } = containerOf(name);
    const added = services.includes(name) ? { MAX_CONNECTION_AGE_MS: '10000' } : {};
    const shared = envFrom.map(({ configMapRef }) => find(manifests, 'ConfigMap', configMapRef.name).data);
    expect(Object.assign({}, ...shared, environmentOf(containerOf(name)))).toEqual({
      ...composed(name).environment,
      ...added,
    });
  });

  test('listens on the ports of compose.yaml, and its Service has each of them', () => {
    const { spec } = find(manifests, 'Service', name);
    expect(
      containerOf(name)
        .ports.map(({ containerPort }) => containerPort)
        .sort(),
    ).toEqual(ports(composed(name)));
    expect(spec.ports.map(({ port }) => port).sort()).toEqual(ports(composed(name)));
    expect(spec.type ?? 'ClusterIP').toBe('ClusterIP');
  });

  test('has the limits, the user and the secrets of compose.yaml', () => {
    const { limits, requests } = containerOf(name).resources;
    const { runAsUser, runAsGroup } = containerOf(name).securityContext;
    expect(bytes(limits.memory ?? '')).toBe(bytes(composed(name).mem_limit));
    // Not of compose.yaml, which has to start on a machine with one processor.
    expect(limits.cpu).toBe('2');
    expect(Object.keys(requests).sort()).toEqual(['cpu', 'memory']);
    expect(`${runAsUser}:${runAsGroup}`).toBe(composed(name).user);
    expect(mountedSecrets(containerOf(name))).toEqual(composed(name).secrets);
  });

  test('runs with the rights of pod security "restricted", and no token of the cluster', () => {
    const pod = podOf(name);
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(container.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });
});

describe.each(services)('%s', (name) => {
  test('is probed by the health names: liveness until the process ends, readiness by ""', () => {
    const port = Number(composed(name).environment.PUBLIC_PORT);
    const { startupProbe, livenessProbe, readinessProbe } = containerOf(name);
    expect(startupProbe?.grpc).toEqual({ port, service: 'liveness' });
    expect(livenessProbe?.grpc).toEqual({ port, service: 'liveness' });
    expect(readinessProbe?.grpc).toEqual({ port });
  });

  test('migrates its database first, as compose.yaml does', () => {
    const migrate = name.replace('-service', '-migrate');
    const [container] = podOf(name).initContainers ?? [];
    expect(container).toMatchObject({
      name: migrate,
      image: containerOf(name).image,
      command: composed(migrate).command,
    });
    expect(environmentOf(container as Container)).toEqual(composed(migrate).environment);
    expect(mountedSecrets(container as Container)).toEqual(composed(migrate).secrets);
  });

  test('is replaced only after a ready successor, and has time to be forgotten and to drain', () => {
    const { strategy } = find(manifests, 'Deployment', name).spec;
    const { seconds } = containerOf(name).lifecycle.preStop.sleep;
    const grace = podOf(name).terminationGracePeriodSeconds - seconds;
    expect(strategy.rollingUpdate.maxUnavailable).toBe(0);
    // grpc-js varies the age by a tenth; DNS may be 5 s old.
    expect(seconds * 1000).toBeGreaterThan(1.1 * Number(environmentOf(containerOf(name)).MAX_CONNECTION_AGE_MS) + 5000);
    expect(grace * 1000).toBeGreaterThan(Number(kitSettings.DRAIN_TIMEOUT_MS.defaultValue));
  });

  test('is found by the addresses of all its pods', () => {
    expect(find(manifests, 'Service', name).spec.clusterIP).toBe('None');
  });
});

describe.each(databases)('%s', (name) => {
  test('is probed by the health check of compose.yaml', () => {
    const command = composed(name).healthcheck?.test.slice(1);
    const { startupProbe, livenessProbe, readinessProbe } = containerOf(name);
    for (const probe of [startupProbe, livenessProbe, readinessProbe]) expect(probe?.exec?.command).toEqual(command);
  });

  test('keeps its data on the volume of compose.yaml', () => {
    const [[volume, mountPath] = []] = (composed(name).volumes ?? []).map((text) => text.split(':'));
    expect(containerOf(name).volumeMounts).toContainEqual({ name: volume, mountPath });
    expect(podOf(name).volumes).toContainEqual({ name: volume, persistentVolumeClaim: { claimName: volume } });
    find(manifests, 'PersistentVolumeClaim', volume ?? '');
  });
});

// Only docker-desktop is committed as rendered.
test.skipIf(!(await findRenderer()))('Minikube takes no image of ours from a public registry', async () => {
  const minikube = await manifestsOf('minikube');
  for (const name of services) {
    const { containers, initContainers = [] } = find(minikube, 'Deployment', name).spec.template.spec;
    for (const container of [...containers, ...initContainers]) expect(container.imagePullPolicy).toBe('Never');
  }
});

test('every container is one of compose.yaml', () => {
  // Neither tools nor what only files need.
  const expected = Object.keys(compose).filter((name) => name !== 'dev-secrets' && !compose[name]?.profiles);
  expect(allContainers.map(({ name }) => name).sort()).toEqual(expected.sort());
});

test('the passwords are the development ones, and named so', () => {
  const secrets = manifests.filter(({ kind }) => kind === 'Secret');
  expect(secrets).toHaveLength(4);
  for (const { metadata, data } of secrets) {
    const password = readFileSync(path.join(root, 'sandbox/dev-secrets', metadata.name), 'base64');
    expect(data).toEqual({ [metadata.name]: password });
    expect(metadata.labels['bookstore/secret']).toBe('development-only');
  }
});

test('everything says what it is part of', () => {
  for (const { metadata } of manifests) expect(metadata.labels['app.kubernetes.io/part-of']).toBe('bookstore');
  for (const name of applications) {
    const { metadata, spec } = find(manifests, 'Deployment', name);
    for (const labels of [metadata.labels, spec.template.metadata.labels]) {
      expect(labels).toMatchObject({
        'app.kubernetes.io/name': name,
        'app.kubernetes.io/component': expect.any(String),
      });
    }
  }
});
