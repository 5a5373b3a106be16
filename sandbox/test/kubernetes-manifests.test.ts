import { readFileSync } from 'node:fs';
import path from 'node:path';
import { kitSettings } from '@bookstore/service-kit';
import { describe, expect, test } from 'vitest';
import { root, services } from '../../scripts/services.mjs';
import { environmentOf } from '../src/kubernetes/manifest.js';
import { type ComposeService, composeServices, find, manifestsOf, overlays } from './kubernetes-manifests.js';

const compose = composeServices();
const composed = (name: string) => compose[name] as ComposeService;
const serviceNames = services.map(({ name }) => name);
const databaseNames = services.map(({ shortName }) => `${shortName}-db`);
const exported = Object.keys(compose).filter(
  (name) => !compose[name]?.profiles && compose[name]?.labels?.['bookstore.kubernetes'] !== 'no',
);
const drainMs = kitSettings.shape.DRAIN_TIMEOUT_MS.parse(undefined);

/** An overlay, by the names in compose.yaml. */
async function read(overlay: (typeof overlays)[number]) {
  const manifests = await manifestsOf(overlay);
  const podOf = (name: string) => find(manifests, 'Deployment', name).spec.template.spec;
  return { manifests, podOf, containerOf: (name: string) => podOf(name).containers[0] };
}

describe('docker-desktop', async () => {
  const { manifests, podOf, containerOf } = await read('docker-desktop');
  const migrationOf = (name: string) => podOf(name).initContainers?.[0];

  test('has a Deployment for each service and database of compose.yaml, and its migrations as init containers', () => {
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
    const migrations = services.map(({ shortName }) => `${shortName}-migrate`);
    expect([...deployments, ...migrations].sort()).toEqual([...exported].sort());
    expect(deployments).toEqual(expect.arrayContaining([...serviceNames, ...databaseNames]));
  });

  describe.each([...serviceNames, ...databaseNames])('%s', (name) => {
    test('has the image, environment, user, memory and secrets of compose.yaml', () => {
      const container = containerOf(name);
      const { image, environment, user, mem_limit, secrets } = composed(name);
      const { runAsUser, runAsGroup } = container.securityContext;
      const fromConfigMap = databaseNames.includes(name) ? find(manifests, 'ConfigMap', name).data : {};
      const added = serviceNames.includes(name) ? { MAX_CONNECTION_AGE_MS: '10000' } : {};
      expect(container).toMatchObject({ image, imagePullPolicy: 'IfNotPresent' });
      expect({ ...fromConfigMap, ...environmentOf(container) }).toEqual({ ...environment, ...added });
      expect(`${runAsUser}:${runAsGroup}`).toBe(user);
      expect(Number(container.resources.limits.memory)).toBe(Number.parseInt(mem_limit, 10) * 2 ** 20);
      expect(mountedSecrets(container.volumeMounts)).toEqual(secrets);
    });

    test('listens on the ports of compose.yaml, and its Service has them', () => {
      const { ports = [], expose } = composed(name);
      const expected = [...ports.map((port) => Number(port.split(':').at(-1))), ...expose.map(Number)].sort();
      const { spec } = find(manifests, 'Service', name);
      expect(containerOf(name).ports.map(({ containerPort }) => containerPort)).toEqual(expected);
      expect(spec.ports.map(({ port }) => port)).toEqual(expected);
      expect(spec.type ?? 'ClusterIP').toBe('ClusterIP');
    });

    test('runs with the rights of pod security "restricted", limits, and no access to the API', () => {
      const { containers, initContainers = [], ...pod } = podOf(name);
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const { securityContext, resources } of [...containers, ...initContainers]) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const memory = databaseNames.includes(name) ? '64Mi' : '128Mi';
        expect(resources).toMatchObject({ limits: { cpu: '2' }, requests: { cpu: '100m', memory } });
      }
    });

    test('says which part of the bookstore it is', () => {
      const { metadata, spec } = find(manifests, 'Deployment', name);
      const labels = {
        'app.kubernetes.io/name': name,
        'app.kubernetes.io/component': serviceNames.includes(name) ? 'server' : 'database',
        'app.kubernetes.io/part-of': 'bookstore',
      };
      expect(metadata.labels).toMatchObject(labels);
      expect(spec.template.metadata.labels).toMatchObject(labels);
    });
  });

  describe.each(services)('$name', ({ name, shortName }) => {
    test('is probed by the health names: "liveness", and "" for readiness', () => {
      const port = Number(composed(name).environment.PUBLIC_PORT);
      expect(containerOf(name)).toMatchObject({
        startupProbe: { grpc: { port, service: 'liveness' } },
        livenessProbe: { grpc: { port, service: 'liveness' } },
        readinessProbe: { grpc: { port } },
      });
      expect(containerOf(name).readinessProbe?.grpc).toEqual({ port });
    });

    test('migrates its database first, as compose.yaml does', () => {
      const { image, command, environment, secrets } = composed(`${shortName}-migrate`);
      const migration = migrationOf(name);
      expect(migration).toMatchObject({ name: 'migrate', image, args: command });
      expect(environmentOf(migration ?? {})).toEqual(environment);
      expect(mountedSecrets(migration?.volumeMounts ?? [])).toEqual(secrets);
    });

    test('is replaced only after a ready successor, and has time to be forgotten and to drain', () => {
      const { strategy } = find(manifests, 'Deployment', name).spec;
      const { seconds } = containerOf(name).lifecycle.preStop.sleep;
      const ageMs = Number(environmentOf(containerOf(name)).MAX_CONNECTION_AGE_MS);
      expect(strategy.rollingUpdate.maxUnavailable).toBe(0);
      // grpc-js varies the age by a tenth; DNS may be 5 s old.
      expect(seconds * 1000).toBeGreaterThan(1.1 * ageMs + 5000);
      expect((podOf(name).terminationGracePeriodSeconds - seconds) * 1000).toBeGreaterThan(drainMs);
    });

    test('is found by the addresses of all its pods', () => {
      expect(find(manifests, 'Service', name).spec.clusterIP).toBe('None');
    });
  });

  test.each(databaseNames)('%s is probed, and keeps its data, as in compose.yaml', (name) => {
    const exec = { command: composed(name).healthcheck?.test.slice(1) };
    expect(containerOf(name)).toMatchObject({
      startupProbe: { exec },
      livenessProbe: { exec },
      readinessProbe: { exec },
    });
    const [volume = '', mountPath] = composed(name).volumes?.[0]?.split(':') ?? [];
    expect(containerOf(name).volumeMounts).toContainEqual({ name: volume, mountPath });
    expect(podOf(name).volumes).toContainEqual({ name: volume, persistentVolumeClaim: { claimName: volume } });
    find(manifests, 'PersistentVolumeClaim', volume);
  });

  test('the passwords are the development ones, and named so', () => {
    const secrets = manifests.filter(({ kind }) => kind === 'Secret');
    expect(secrets).toHaveLength(2 * services.length);
    for (const { metadata, data } of secrets) {
      const password = readFileSync(path.join(root, 'sandbox/dev-secrets', metadata.name), 'base64');
      expect(data).toEqual({ [metadata.name]: password });
      expect(metadata.labels['bookstore/secret']).toBe('development-only');
    }
  });
});

if (overlays.includes('minikube')) {
  test('minikube takes no image of ours from a public registry', async () => {
    const { podOf } = await read('minikube');
    for (const { containers, initContainers = [] } of serviceNames.map(podOf)) {
      for (const { imagePullPolicy } of [...containers, ...initContainers]) expect(imagePullPolicy).toBe('Never');
    }
  });
}

describe.each(overlays.filter((overlay) => overlay === 'secure' || overlay === 'production'))('%s', async (overlay) => {
  const { manifests, podOf, containerOf } = await read(overlay);

  test('brings no secret', () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  describe.each(services)('$name', ({ name, port }) => {
    test('demands TLS and a token, by settings that the service has', () => {
      const environment = environmentOf(containerOf(name));
      expect(environment).toMatchObject({ AUTH: 'jwt', JWT_JWKS_FILE: '/credentials/jwks.json' });
      for (const setting of ['TLS_CERT_FILE', 'TLS_KEY_FILE', 'INTERNAL_TLS_CERT_FILE', 'INTERNAL_TLS_CA_FILE']) {
        expect(environment[setting]).toMatch(/^\/credentials\//);
      }
      const known = (setting: string) =>
        setting in kitSettings.shape || setting.replace(/_FILE$/, '') in kitSettings.shape;
      expect(Object.keys(environment).filter((setting) => !known(setting) && !setting.endsWith('_ADDRESS'))).toEqual(
        [],
      );
      expect(environment).not.toHaveProperty('AUTH_OFF_BEYOND_LOOPBACK');
    });

    test("is probed by the image's own probe, since the kubelet's speaks no TLS", () => {
      const probe = ['node', 'service-kit/dist/probe/main.js'];
      const { startupProbe, livenessProbe, readinessProbe } = containerOf(name);
      expect(startupProbe?.exec).toEqual({ command: [...probe, 'liveness'] });
      expect(livenessProbe?.exec).toEqual({ command: [...probe, 'liveness'] });
      expect(readinessProbe?.exec).toEqual({ command: probe });
      for (const one of [startupProbe, livenessProbe, readinessProbe]) expect(one).not.toHaveProperty('grpc');
    });

    test('is published by its public port alone', () => {
      expect(find(manifests, 'Service', `${name}-public`).spec).toMatchObject({
        type: 'LoadBalancer',
        ports: [{ port, targetPort: 'public' }],
      });
    });

    test("keeps the migrator's password from the service", () => {
      const { containers, volumes } = podOf(name);
      const mounted = containers[0].volumeMounts.map((mount) => mount.name);
      const secrets = volumes.flatMap((volume) => (mounted.includes(volume.name) && volume.secret) || []);
      for (const { secretName, items } of secrets) {
        expect(secretName).not.toContain('migrator');
        if (secretName.endsWith('-db-credentials'))
          expect(items?.map(({ key }) => key)).toEqual(['service-url', 'ca.crt']);
      }
    });
  });
});

if (overlays.includes('production')) {
  describe('production', async () => {
    const { manifests, podOf, containerOf } = await read(
      overlays.includes('production') ? 'production' : 'docker-desktop',
    );

    test('runs no database', () => {
      const names = manifests.map(({ metadata }) => metadata.name);
      expect(names.filter((name) => /-(db|data)$/.test(name))).toEqual([]);
    });

    test.each(serviceNames)('keeps at least three replicas of %s, apart from each other', (name) => {
      expect(find(manifests, 'HorizontalPodAutoscaler', name).spec).toMatchObject({ minReplicas: 3 });
      expect(find(manifests, 'Deployment', name).spec).not.toHaveProperty('replicas');
      expect(find(manifests, 'PodDisruptionBudget', name).spec).toMatchObject({ maxUnavailable: 1 });
      expect(podOf(name)).toMatchObject({
        topologySpreadConstraints: [
          { topologyKey: 'kubernetes.io/hostname' },
          { topologyKey: 'topology.kubernetes.io/zone' },
        ],
      });
    });

    test.each(serviceNames)('runs %s by digest, its migration too', (name) => {
      const { containers, initContainers = [] } = podOf(name);
      for (const { image } of [...containers, ...initContainers]) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    });

    test.each(serviceNames)('lets %s drain after the name servers have forgotten it', (name) => {
      const { seconds } = containerOf(name).lifecycle.preStop.sleep;
      const ageMs = Number(environmentOf(containerOf(name)).MAX_CONNECTION_AGE_MS);
      expect(seconds * 1000).toBeGreaterThan(30_000 + 1.1 * ageMs);
      expect((podOf(name).terminationGracePeriodSeconds - seconds) * 1000).toBeGreaterThan(drainMs);
    });
  });
}

function mountedSecrets(mounts: readonly { mountPath: string }[]): string[] {
  return mounts.flatMap(({ mountPath }) => /^\/run\/secrets\/(.+)/.exec(mountPath)?.[1] ?? []);
}
