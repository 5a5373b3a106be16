import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '@bookstore/sandbox';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { outputOf } from '../src/process/output-of.js';

const { authorAddress, bookAddress } = inject('target');

/** In place of a cluster: it counts revisions, notes what is asked, and one deployment can be made not to come up. */
const KUBECTL = `#!/bin/sh
echo "$*" >> "$CLUSTER/asked"
case " $* " in
  *' get deployment '*) cat "$CLUSTER/$5" 2>/dev/null || true ;;
  *' apply '*) for service in author-service book-service; do
      before=$(cat "$CLUSTER/$service" 2>/dev/null || echo 0)
      echo $((before + 1)) > "$CLUSTER/$service"
    done ;;
  *' rollout undo '*) touch "$CLUSTER/undone" ;;
  *" rollout status deployment/$STUCK "*) [ -f "$CLUSTER/undone" ] ;;
esac
`;
const KUSTOMIZE = '#!/bin/sh\necho "  namespace: somewhere"\n';

let cluster: string;
beforeEach(async () => {
  cluster = await mkdtemp(path.join(tmpdir(), 'bookstore-deploy-'));
  await writeFile(path.join(cluster, 'kubectl'), KUBECTL, { mode: 0o755 });
  await writeFile(path.join(cluster, 'kustomize'), KUSTOMIZE, { mode: 0o755 });
});
afterEach(() => rm(cluster, { recursive: true }));

/** A deployment, after as many as are given. */
async function deploy({ before = 1, stuck = 'none', bookUrl = `http://${bookAddress}` } = {}) {
  for (const service of before > 0 ? ['author-service', 'book-service'] : []) {
    await writeFile(path.join(cluster, service), `${before}\n`);
  }
  const env = {
    PATH: `${cluster}${path.delimiter}${process.env.PATH}`,
    CLUSTER: cluster,
    STUCK: stuck,
    AUTHOR_URL: `http://${authorAddress}`,
    BOOK_URL: bookUrl,
  };
  const { status, stderr } = await outputOf('bash scripts/deploy.sh k8s/overlays/production', { env });
  const asked = (await readFile(path.join(cluster, 'asked'), 'utf8')).split('\n');
  return { status, stderr, undone: asked.filter((line) => line.includes('rollout undo')) };
}

const bothBack = (revision: number) =>
  ['author-service', 'book-service'].map(
    (service) => `-n somewhere rollout undo deployment/${service} --to-revision ${revision}`,
  );

test('what comes up and serves stays', async () => {
  expect(await deploy()).toMatchObject({ status: 0, undone: [] });
});

test('what does not come up gives way to what ran before, in both services', async () => {
  expect(await deploy({ before: 3, stuck: 'book-service' })).toMatchObject({ status: 1, undone: bothBack(3) });
});

test('what comes up and does not serve gives way, too', async () => {
  const bookUrl = `http://127.0.0.1:${await freePort()}`;
  expect(await deploy({ bookUrl })).toMatchObject({ status: 1, undone: bothBack(1) });
});

test('a first deployment that fails stays, as there is nothing to go back to', async () => {
  const { status, stderr, undone } = await deploy({ before: 0, stuck: 'author-service' });
  expect({ status, undone }).toEqual({ status: 1, undone: [] });
  expect(stderr).toContain('nothing ran here before');
});
