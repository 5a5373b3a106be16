import { kitSettings } from '@bookstore/service-kit';
import { describe, expect, test } from 'vitest';
import { secretNames } from '../src/kubernetes/credentials.js';
import { readFiles } from '../src/kubernetes/files.js';
import type { Overlay } from '../src/kubernetes/paths.js';
import { findRenderer } from '../src/kubernetes/render.js';
import { type Container, environmentOf, find, manifestsOf } from './kubernetes-manifests.js';

// Only docker-desktop is committed as rendered; these two need kustomize or kubectl.
const closed: Overlay[] = (await findRenderer()) ? ['secure', 'production'] : [];
const services = [
  { service: 'author-service', database: 'author-db', publicPort: 50051 },
  { service: 'book-service', database: 'book-db', publicPort: 50052 },
];

test('the Secrets that are mounted are those that one command puts into the cluster', () => {
  const patches = [...readFiles('k8s/components/secure', 'k8s/components/production').values()].join('\n');
  const mounted = new Set(patches.match(/(?<=secretName: )[\w-]+/g));
  expect([...mounted].sort()).toEqual([...secretNames].sort());
});

for (const overlay of closed) {
  const manifests = await manifestsOf(overlay);
  const deploymentOf = (name: string) => find(manifests, 'Deployment', name).spec;
  const containerOf = (name: string) => deploymentOf(name).template.spec.containers[0];

  test(`${overlay} brings no secret`, () => {
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  describe.each(services)(`${overlay}: $service`, ({ service, database, publicPort }) => {
    test('asks for a token and TLS, by settings that the service has', () => {
      const environment = environmentOf(containerOf(service));
      expect(environment).toMatchObject({ AUTH: 'jwt', JWT_JWKS_FILE: '/credentials/jwks.json' });
      for (const name of ['TLS_CERT_FILE', 'TLS_KEY_FILE', 'INTERNAL_TLS_CERT_FILE', 'INTERNAL_TLS_CA_FILE']) {
        expect(environment[name]).toMatch(/^\/credentials\//);
      }
      const unknown = Object.keys(environment).filter(
        (name) =>
          !(name in kitSettings || name.replace(/_FILE$/, '') in kitSettings || name.endsWith('_SERVICE_ADDRESS')),
      );
      expect(unknown).toEqual([]);
      expect(environment).not.toHaveProperty('AUTH_OFF_BEYOND_LOOPBACK');
    });

    test("is probed by the image's own probe, since the kubelet's speaks no TLS", () => {
      const probe = ['node', 'service-kit/dist/probe/main.js'];
      const { startupProbe, livenessProbe, readinessProbe } = containerOf(service);
      expect(startupProbe).toMatchObject({ exec: { command: [...probe, 'liveness'] } });
      expect(livenessProbe).toMatchObject({ exec: { command: [...probe, 'liveness'] } });
      expect(readinessProbe).toMatchObject({ exec: { command: probe } });
      for (const one of [startupProbe, livenessProbe, readinessProbe]) expect(one).not.toHaveProperty('grpc');
    });

    test('is published by its public port alone', () => {
      const { spec } = find(manifests, 'Service', `${service}-public`);
      expect(spec.type).toBe('LoadBalancer');
      expect(spec.ports).toMatchObject([{ port: publicPort, targetPort: 'public' }]);
      const open = find(manifests, 'NetworkPolicy', service).spec.ingress?.filter(({ from }) => !from);
      expect(open).toEqual([{ ports: [{ protocol: 'TCP', port: publicPort }] }]);
    });

    test("keeps the migrator's credentials from the service", () => {
      const { containers, initContainers = [], volumes } = deploymentOf(service).template.spec;
      const seen = (container: Container | undefined) => {
        const mounts = container?.volumeMounts.map(({ name }) => name);
        return volumes.filter(({ name }) => mounts?.includes(name)).flatMap(({ secret }) => secret ?? []);
      };
      const ofDatabase = seen(containers[0]).filter(({ secretName }) => secretName === `${database}-credentials`);
      for (const { items } of ofDatabase) expect(items?.map(({ key }) => key)).toEqual(['service-url', 'ca.crt']);
      expect(seen(initContainers[0]).map(({ secretName }) => secretName)).toEqual([`${database}-credentials`]);
    });
  });
}

if (closed.includes('production')) {
  const manifests = await manifestsOf('production');

  test('runs no database', () => {
    expect(manifests.filter(({ metadata }) => metadata.name.endsWith('-db'))).toEqual([]);
    expect(manifests.filter(({ kind }) => kind === 'PersistentVolumeClaim')).toEqual([]);
  });

  test.each(services)('keeps at least three replicas of $service, apart from each other', ({ service }) => {
    const deployment = find(manifests, 'Deployment', service).spec;
    expect(find(manifests, 'HorizontalPodAutoscaler', service).spec).toMatchObject({ minReplicas: 3 });
    expect(deployment).not.toHaveProperty('replicas');
    expect(find(manifests, 'PodDisruptionBudget', service).spec).toMatchObject({ maxUnavailable: 1 });
    expect(deployment.template.spec).toMatchObject({
      topologySpreadConstraints: [
        { topologyKey: 'kubernetes.io/hostname' },
        { topologyKey: 'topology.kubernetes.io/zone' },
      ],
    });
  });

  test.each(services)('runs $service by digest, its migration too', ({ service }) => {
    const { containers, initContainers = [] } = find(manifests, 'Deployment', service).spec.template.spec;
    for (const { image } of [...containers, ...initContainers]) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  test.each(services)('lets $service drain after the name servers have forgotten it', ({ service }) => {
    const { containers, terminationGracePeriodSeconds } = find(manifests, 'Deployment', service).spec.template.spec;
    const { seconds } = containers[0].lifecycle.preStop.sleep;
    const age = Number(environmentOf(containers[0]).MAX_CONNECTION_AGE_MS);
    expect(seconds * 1000).toBeGreaterThan(30_000 + 1.1 * age);
    expect((terminationGracePeriodSeconds - seconds) * 1000).toBeGreaterThan(
      Number(kitSettings.DRAIN_TIMEOUT_MS.defaultValue),
    );
  });
}
