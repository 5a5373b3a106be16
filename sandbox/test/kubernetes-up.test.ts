import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../src/kubernetes/paths.js';

/**
 * In place of kubectl and its cluster, for as much as `npm run k8s:up` asks of them: anything else is refused. A pod runs
 * the image that its name has at that time; one whose image is missing is never ready.
 */
const KUBECTL = `#!/usr/bin/env node
const { readFileSync, writeFileSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');
const { CLUSTER, MISSING = '' } = process.env;
const state = JSON.parse(readFileSync(CLUSTER + '/state.json', 'utf8'));
const print = (items) => console.log(JSON.stringify({ items }));

function startPod(name) {
  const { image } = state.deployments[name].applied.spec.containers[0];
  const others = state.pods.filter((pod) => pod.of !== name);
  state.pods = [...others, { name: name + '-' + ++state.started, of: name, image, missing: image === MISSING }];
  writeFileSync(CLUSTER + '/state.json', JSON.stringify(state));
}
function apply(list) {
  for (const { kind, metadata, spec } of list.items) {
    if (kind !== 'Deployment') continue;
    const before = state.deployments[metadata.name];
    state.deployments[metadata.name] = { restarts: 0, ...before, applied: spec.template };
    if (!isDeepStrictEqual(before?.applied, spec.template)) startPod(metadata.name);
  }
}
function restart(name) {
  state.deployments[name].restarts++;
  startPod(name);
}
const deployments = () => Object.entries(state.deployments).map(([name, { applied, restarts }]) => ({
  metadata: { name },
  spec: { template: { ...applied, metadata: { annotations: { restarts } } } },
}));
const pods = () => state.pods.map(({ name, image, missing }) => ({
  metadata: { name },
  status: { initContainerStatuses: [{ image, state: missing ? { waiting: { reason: 'ErrImageNeverPull' } } : { running: {} } }] },
}));

const asked = process.argv.slice(2).join(' ').replace(/^--context \\S+ /, '').replace(/^-n bookstore /, '');
const names = asked.match(/(?<=deployment\\/)\\S+/g) ?? [];
if (asked === 'config current-context') console.log(process.env.CONTEXT);
else if (asked.startsWith('kustomize ')) console.log(readFileSync(CLUSTER + '/overlay.yaml', 'utf8'));
else if (asked === 'get deployments -o json') print(deployments());
else if (asked === 'get pods -o json') print(pods());
else if (asked === 'get pods,services') console.log('');
else if (asked === 'apply -f -') apply(JSON.parse(readFileSync(0, 'utf8')));
else if (asked.startsWith('rollout restart ') && names.length > 0) names.forEach(restart);
else if (/^rollout status deployment\\/\\S+ --timeout=300s$/.test(asked)) {
  if (state.pods.some((pod) => pod.of === names[0] && pod.missing)) setTimeout(() => {}, 300_000);
} else process.exit(64);
`;

const ownImage = 'bookstore/author-service:dev';
const deployment = (name: string, image: string, env: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { template: { spec: { containers: [{ name, image, env: [{ name: 'SETTING', value: env }] }] } } },
});

/** In place of Docker, which has every image but one. */
const DOCKER = `#!/bin/sh
[ "$1 $2 $3 $4" = 'image inspect --format {{.Id}}' ] || exit 64
[ "$5" != "$NOT_BUILT" ] || { echo "Error response from daemon: No such image: $5" >&2; exit 1; }
`;

/** A program without the file extension that Windows looks for. */
describe.runIf(process.platform !== 'win32')('npm run k8s:up', () => {
  let cluster: string;
  beforeEach(() => {
    cluster = mkdtempSync(path.join(tmpdir(), 'bookstore-up-'));
    writeFileSync(path.join(cluster, 'kubectl'), KUBECTL, { mode: 0o755 });
    writeFileSync(path.join(cluster, 'docker'), DOCKER, { mode: 0o755 });
    writeFileSync(path.join(cluster, 'state.json'), '{ "deployments": {}, "pods": [], "started": 0 }');
  });
  afterEach(() => rmSync(cluster, { recursive: true }));

  /** Once, and which pods are there afterwards. */
  async function up({ setting = 'one', context = 'docker-desktop', missing = '', notBuilt = '' } = {}) {
    const manifests = [deployment('author-service', ownImage, setting), deployment('author-db', 'postgres:18', 'one')];
    writeFileSync(path.join(cluster, 'overlay.yaml'), manifests.map((one) => JSON.stringify(one)).join('\n---\n'));
    const env = {
      ...process.env,
      PATH: `${cluster}${path.delimiter}${process.env.PATH}`,
      CLUSTER: cluster,
      CONTEXT: context,
      MISSING: missing,
      NOT_BUILT: notBuilt,
    };
    const result = await new Promise<{ status: number; stderr: string }>((resolve) => {
      const main = path.join(root, 'sandbox/dist/kubernetes/up.js');
      execFile(process.execPath, [main], { env }, (error, _, stderr) =>
        resolve({ status: error ? Number(error.code) : 0, stderr: stderr.trim() }),
      );
    });
    const { pods } = JSON.parse(readFileSync(path.join(cluster, 'state.json'), 'utf8'));
    return { ...result, pods: pods.map(({ name }: { name: string }) => name).sort() };
  }

  test('run again, brings an image that was built again under its tag, and leaves the database', async () => {
    expect(await up()).toEqual({ status: 0, stderr: '', pods: ['author-db-2', 'author-service-1'] });
    expect(await up()).toMatchObject({ status: 0, pods: ['author-db-2', 'author-service-3'] });
  });

  test('does not restart what a changed manifest has replaced', async () => {
    await up();
    expect(await up({ setting: 'two' })).toMatchObject({ status: 0, pods: ['author-db-2', 'author-service-3'] });
  });

  test.each([
    ['docker-desktop', 'docker compose build'],
    ['minikube', `docker compose build && minikube image load ${ownImage}`],
    ['kind-dev', `docker compose build && kind load docker-image ${ownImage} --name dev`],
    ['k3d-dev', `docker compose build && k3d image import ${ownImage} --cluster dev`],
  ])('on %s, says the command for an image that the cluster does not have', async (context, command) => {
    const { status, stderr } = await up({ context, missing: ownImage });
    expect(status).toBe(1);
    expect(stderr).toBe(`npm run k8s:up: the cluster has no image ${ownImage}: ${command}`);
  });

  test('where the cluster runs what Docker has, asks it for nothing that is not built', async () => {
    const stderr = `npm run k8s:up: there is no image ${ownImage}: docker compose build`;
    expect(await up({ notBuilt: ownImage })).toEqual({ status: 1, stderr, pods: [] });
    expect(await up({ notBuilt: ownImage, context: 'minikube' })).toMatchObject({ status: 0 });
  });

  test('goes on when the image has come since', async () => {
    await up({ missing: ownImage });
    expect(await up()).toMatchObject({ status: 0 });
  });
});
