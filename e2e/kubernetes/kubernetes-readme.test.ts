import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/services.mjs';
import { authorWithBooks } from '../src/client/samples.js';
import { Namespace } from '../src/kubernetes/namespace.js';
import { throughPorts } from '../src/kubernetes/port-forward.js';
import { textOf } from '../src/process/output-of.js';
import { commandsOf } from '../src/readme/blocks.js';

const readme = readFileSync(path.join(root, 'k8s/README.md'), 'utf8');
const section = (title: string) => readme.split('\n## ').find((text) => text.startsWith(`${title}\n`)) ?? '';

/** Stores books by calls through port-forwards. */
const useBookstore = (namespace: Namespace) =>
  throughPorts(namespace, async (client) => {
    const { author, books } = await authorWithBooks(client, 2);
    const found = await client.books.getBooksByAuthor({ authorId: author.id });
    expect(found.books).toHaveLength(books.length);
  });

describe('Docker Desktop', () => {
  const namespace = new Namespace();
  afterAll(() => namespace.delete());

  /** As written, but in this test's namespace, so that a bookstore of this machine is left alone. */
  async function run(command: string): Promise<void> {
    const [, ...words] = command.split(' ');
    if (command.startsWith('docker compose build')) return; // With the compose target.
    if (words.includes('port-forward')) return useBookstore(namespace);
    if (command === 'kubectl apply -k k8s/overlays/docker-desktop') return namespace.applyOverlay('docker-desktop');
    const args = words.map((word) => (word === 'bookstore' ? namespace.name : word));
    // What ends with the namespace needs half a minute, which is Kubernetes' own.
    if (words.includes('delete')) args.push('--wait=false');
    await textOf(['kubectl', ...args]);
  }

  test.each(commandsOf(section('Docker Desktop')))('%s', { timeout: 360_000 }, run);
});

describe('One manifest at a time', () => {
  const namespace = new Namespace();
  afterAll(() => namespace.delete());
  const exported = readdirSync(path.join(root, 'k8s'), { recursive: true, encoding: 'utf8' })
    .map((file) => `k8s/${file}`)
    .filter((file) => file.endsWith('.yaml') && !/^k8s\/(base|components|overlays)\//.test(file));
  const applied = commandsOf(section('One manifest at a time')).flatMap(
    (command) => command.match(/(?<=-f )\S+/g) ?? [],
  );
  const files = applied.flatMap((name) => exported.filter((file) => file === name || path.dirname(file) === name));

  test('every exported manifest is applied once', () => {
    expect(exported).not.toEqual([]);
    expect([...files].sort()).toEqual([...exported].sort());
  });

  test('file by file in an empty namespace, they are a bookstore', { timeout: 360_000 }, async () => {
    await namespace.kubectl('create', 'namespace', namespace.name);
    await namespace.kubectl('label', 'namespace', namespace.name, 'pod-security.kubernetes.io/enforce=restricted');
    for (const file of files.filter((name) => name !== 'k8s/namespace/namespace.yaml')) {
      await namespace.kubectl('apply', '-f', path.join(root, file));
    }
    await namespace.waitUntilReady();
    await useBookstore(namespace);
  });
});
