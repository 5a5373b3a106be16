// In place of kompose 1.38.0, for the forms that compose.yaml uses. What it makes of the services of this repository is
// compared with what kompose made of them: see kubernetes-export.slow.test.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

if (process.argv[2] === 'version') {
  console.log('1.38.0 (HEAD)');
  process.exit();
}
const { services } = parse(readFileSync('compose.yaml', 'utf8').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'));
for (const [name, service] of Object.entries(services)) {
  const labels = { 'io.kompose.service': name };
  const write = (apiVersion, kind, object, spec) => {
    const metadata = { labels: { 'io.kompose.service': object }, name: object };
    writeFileSync(
      `out/${object}-${kind.toLowerCase()}.yaml`,
      stringify({ apiVersion, kind, metadata, spec }, { version: '1.1', aliasDuplicateObjects: false }),
    );
  };
  const { healthcheck, secrets = [], volumes = [], tmpfs = [], ports = [], expose = [] } = service;
  const allPorts = [...ports.map((port) => port.split(':').at(-1)), ...expose].map(Number);
  const environment = Object.entries(service.environment ?? {}).filter(([, value]) => value !== null);
  const [runAsUser, runAsGroup] = service.user.split(':').map(Number);
  const claims = volumes.map((volume) => volume.split(':'));
  const temporary = tmpfs.map((mount, index) => [`${name}-tmpfs${index}`, mount.split(':')[0]]);
  const container = {
    ...(service.command && { args: service.command }),
    ...(environment.length > 0 && { env: environment.sort().map(([key, value]) => ({ name: key, value })) }),
    image: service.image,
    imagePullPolicy: service.labels['kompose.image-pull-policy'],
    ...(healthcheck && {
      livenessProbe: {
        exec: { command: healthcheck.test.slice(1) },
        initialDelaySeconds: Number.parseInt(healthcheck.start_period, 10),
        periodSeconds: Number.parseInt(healthcheck.interval, 10),
        timeoutSeconds: Number.parseInt(healthcheck.timeout, 10),
      },
    }),
    name,
    ...(allPorts.length > 0 && { ports: allPorts.map((port) => ({ containerPort: port, protocol: 'TCP' })) }),
    resources: { limits: { memory: String(Number.parseInt(service.mem_limit, 10) * 2 ** 20) } },
    securityContext: {
      capabilities: { drop: service.cap_drop },
      readOnlyRootFilesystem: service.read_only,
      runAsGroup,
      runAsUser,
    },
    volumeMounts: [
      ...secrets.map((secret) => ({ mountPath: `/run/secrets/${secret}`, name: secret, subPath: secret })),
      ...[...claims, ...temporary].map(([volume, mountPath]) => ({ mountPath, name: volume })),
    ],
  };
  const grace = service.stop_grace_period && Number.parseInt(service.stop_grace_period, 10);
  const spec = {
    containers: [container],
    restartPolicy: 'Always',
    ...(grace && { terminationGracePeriodSeconds: grace }),
    volumes: [
      ...secrets.map((secret) => ({
        name: secret,
        secret: { items: [{ key: secret, path: secret }], secretName: secret },
      })),
      ...claims.map(([claimName]) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
      ...temporary.map(([volume]) => ({ emptyDir: { medium: 'Memory' }, name: volume })),
    ],
  };
  const strategy = claims.length > 0 && { strategy: { type: 'Recreate' } };
  const template = { metadata: { labels }, spec };
  write('apps/v1', 'Deployment', name, { replicas: 1, selector: { matchLabels: labels }, ...strategy, template });
  if (allPorts.length > 0) {
    const servicePorts = allPorts.map((port) => ({ name: String(port), port, targetPort: port }));
    write('v1', 'Service', name, { ports: servicePorts, selector: labels });
  }
  for (const [claim] of claims) {
    const resources = { requests: { storage: '1Gi' } };
    write('v1', 'PersistentVolumeClaim', claim, { accessModes: ['ReadWriteOnce'], resources });
  }
}
