import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { root } from '../src/kubernetes/paths.js';
import { unfitWorkloads } from '../src/kubernetes/pod-security.js';
import { findRenderer } from '../src/kubernetes/render.js';
import { parseManifests } from '../src/kubernetes/split.js';
import { WorkTreeCopy } from '../src/testing/index.js';
import type { Manifest } from './kubernetes-manifests.js';

/** What kompose makes of `cache: { <<: *service, image: "redis:8" }`, where nothing else is said of the container. */
const cache = (container: object = {}, { kind = 'Deployment', restartPolicy = 'Always' } = {}) =>
  stringify({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'cache', labels: { 'io.kompose.service': 'cache' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { 'io.kompose.service': 'cache' } },
      template: {
        metadata: { labels: { 'io.kompose.service': 'cache' } },
        spec: {
          containers: [
            {
              name: 'cache',
              image: 'redis:8',
              resources: { limits: { memory: '536870912' } },
              securityContext: {
                capabilities: { drop: ['ALL'] },
                readOnlyRootFilesystem: true,
                runAsGroup: 1000,
                runAsUser: 1000,
              },
              volumeMounts: [{ mountPath: '/tmp', name: 'cache-tmpfs0' }],
              ...container,
            },
          ],
          restartPolicy,
          terminationGracePeriodSeconds: 15,
          volumes: [{ emptyDir: { medium: 'Memory' }, name: 'cache-tmpfs0' }],
        },
      },
    },
  });

const refused = (manifest: string) => unfitWorkloads(new Map([['k8s/base/cache.yaml', manifest]]));
const securityContext = { runAsUser: 1000, capabilities: { drop: ['ALL'] } };

test('what has what the services have is taken', () => expect(refused(cache())).toEqual([]));

test.each([
  ['neither user nor cap_drop', { securityContext: undefined }, 'user: a number other than 0, cap_drop: [ALL]'],
  ['root', { securityContext: { ...securityContext, runAsUser: 0 } }, 'user: a number other than 0'],
  [
    'a capability',
    { securityContext: { capabilities: { drop: ['ALL'], add: ['NET_RAW'] }, runAsUser: 1 } },
    'no cap_add',
  ],
  ['privileged', { securityContext: { ...securityContext, privileged: true } }, 'no privileged'],
  ['a port of the host', { ports: [{ containerPort: 6379, hostPort: 6379 }] }, 'no host port'],
])('%s is refused, with what compose.yaml must say', (_, container, words) => {
  expect(refused(cache(container))).toEqual([`cache needs ${words} in compose.yaml`]);
});

test.each([
  ['what runs once', { restartPolicy: 'Never' }, 'cache runs once: leave it out'],
  ['a pod on each node', { kind: 'DaemonSet' }, 'cache would be a DaemonSet'],
])('%s is refused', (_, workload, words) => {
  expect(refused(cache({}, workload))).toEqual([expect.stringContaining(words)]);
});

/** Runs a built command of a copy, with this kompose before all others. */
function run(copy: WorkTreeCopy, command: string, kompose: string): Promise<{ status: number; stderr: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-kompose-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'kompose'), kompose, { mode: 0o755 });
  const env = { ...process.env, PATH: `${folder}${path.delimiter}${process.env.PATH}` };
  const main = path.join(copy.folder, 'sandbox/dist/kubernetes', command);
  return new Promise((resolve) => {
    execFile(process.execPath, [main], { env }, (error, _, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, stderr }),
    );
  });
}

/** In place of kompose: what it has made of compose.yaml, and this. */
const komposeOf = (manifest: string) => `#!/bin/sh
for out; do :; done
case "$*" in
  version) echo '1.38.0 (HEAD)' ;;
  *' convert '*' -o '*) cp '${root}'/k8s/base/*-*.yaml "$out" && cat > "$out/cache-deployment.yaml" <<'EOF'
${manifest}
EOF
  ;;
  *) exit 64 ;;
esac
`;

// A program without the file extension that Windows looks for; and kustomize or kubectl, which an export needs.
if (process.platform !== 'win32' && (await findRenderer())) {
  test('is exported with the rights of pod security "restricted", and refused without a change of the files', async () => {
    await using copy = await WorkTreeCopy.make();
    const read = (name: string) => readFileSync(path.join(copy.folder, 'k8s', name), 'utf8');
    const lock = read('export.lock.json');

    const unfit = await run(copy, 'export.js', komposeOf(cache({ securityContext: undefined })));
    expect(unfit.status).toBe(1);
    expect(unfit.stderr).toMatch(/^npm run k8s:export: [^\n]*cache needs user: [^\n]*\n$/);
    expect(read('export.lock.json')).toBe(lock);

    const kompose = komposeOf(cache());
    expect(await run(copy, 'export.js', kompose)).toEqual({ status: 0, stderr: '' });
    const [exported] = parseManifests(read('namespace/deployment.yaml')) as unknown as Manifest[];
    const pod = exported?.spec.template.spec;
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod?.containers[0].securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsUser: 1000,
    });
    expect(await run(copy, 'check.js', kompose)).toEqual({ status: 0, stderr: '' });
  });
}
