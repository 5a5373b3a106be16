import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@bookstore/sandbox';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { outputOf } from '../src/process/output-of.js';

const { authorAddress, bookAddress } = inject('target');

/** In place of a cluster: it counts revisions, records its calls, and one rollout can fail. */
const KUBECTL = `#!/bin/sh
echo "$*" >> "$CLUSTER/calls"
case "$*" in
  kustomize*) echo '  namespace: somewhere' ;;
  *view-last-applied*) echo 'kind: Deployment' ;;
  *'get deployments'*) cat "$CLUSTER/revisions" ;;
  apply*) for service in author-service book-service; do
      revision=$(sed -n "s/$service=//p" "$CLUSTER/revisions")
      echo "$service=$((\${revision:-0} + 1))"
    done > "$CLUSTER/applied" && mv "$CLUSTER/applied" "$CLUSTER/revisions" ;;
  *'rollout status deployment -l'*) [ "$STUCK" = no ] ;;
esac
`;

let cluster: string;
beforeEach(async () => {
  cluster = await mkdtemp(path.join(tmpdir(), 'bookstore-deploy-'));
  await writeFile(path.join(cluster, 'kubectl'), KUBECTL, { mode: 0o755 });
});
afterEach(() => rm(cluster, { recursive: true }));

/** A deployment, on top of this revision. */
async function deploy({ revision = 1, stuck = 'no', bookUrl = `http://${bookAddress}` } = {}) {
  const before = revision > 0 ? `author-service=${revision}\nbook-service=${revision}\n` : '';
  await writeFile(path.join(cluster, 'revisions'), before);
  const env = {
    PATH: `${cluster}${path.delimiter}${process.env.PATH}`,
    CLUSTER: cluster,
    STUCK: stuck,
    AUTHOR_URL: `http://${authorAddress}`,
    BOOK_URL: bookUrl,
  };
  const { status, stderr } = await outputOf('bash scripts/deploy.sh k8s/overlays/production', { env });
  const calls = (await readFile(path.join(cluster, 'calls'), 'utf8')).split('\n');
  const restored = calls.filter((line) => line.includes(' apply -f ')).map((line) => path.basename(line));
  return { status, stderr, undone: calls.filter((line) => line.includes('rollout undo')), restored };
}

const bothBack = (revision: number) =>
  ['author-service', 'book-service'].map(
    (service) => `-n somewhere rollout undo deployment/${service} --to-revision ${revision}`,
  );

test('a version that serves stays', async () => {
  expect(await deploy()).toMatchObject({ status: 0, undone: [], restored: [] });
});

test('when a rollout fails, both services go back', async () => {
  const restored = ['author-service', 'book-service'];
  expect(await deploy({ revision: 3, stuck: 'yes' })).toMatchObject({ status: 1, undone: bothBack(3), restored });
});

test('when a test call fails, both services go back', async () => {
  const bookUrl = `http://127.0.0.1:${await freePort()}`;
  expect(await deploy({ bookUrl })).toMatchObject({ status: 1, undone: bothBack(1) });
});

test('a first deployment that fails stays, since there is no revision to go back to', async () => {
  const { status, stderr, undone } = await deploy({ revision: 0, stuck: 'yes' });
  expect({ status, undone }).toEqual({ status: 1, undone: [] });
  expect(stderr).toContain('there is no revision to go back to');
});
