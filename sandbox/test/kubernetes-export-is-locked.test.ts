import { expect, test } from 'vitest';
import { currentLock, drift, type Lock, readLock } from '../src/kubernetes/lock.js';
import { splitManifests } from '../src/kubernetes/split.js';

const changed = (lock: Lock, part: 'inputs' | 'outputs', file: string): Lock => ({
  ...lock,
  [part]: { ...lock[part], [file]: 'another hash' },
});

test('the committed manifests are the ones that were exported', () => {
  expect(drift(readLock(), currentLock())).toEqual([]);
});

test('an edit of a source, of an exported file, and another kompose are each named', () => {
  const lock = readLock();
  expect(drift(lock, changed(lock, 'inputs', 'compose.yaml'))).toEqual(['compose.yaml has changed since the export']);
  expect(drift(lock, changed(lock, 'outputs', 'k8s/base/new.yaml'))).toEqual([
    'k8s/base/new.yaml is not what was exported',
  ]);
  expect(drift({ ...lock, kompose: '1.37.0' }, lock)).toEqual(['exported by kompose 1.37.0, not 1.38.0']);
});

test('a rendered overlay becomes a file for each kind in the folder of each part, in no namespace', () => {
  const manifest = (kind: string, name: string, part?: string) =>
    `kind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: bookstore\n${part ? `  labels: { app.kubernetes.io/name: ${part} }\n` : ''}apiVersion: v1\n`;
  const rendered = [
    manifest('Namespace', 'bookstore'),
    manifest('Secret', 'one', 'author-db'),
    manifest('Secret', 'two', 'author-db'),
    manifest('PersistentVolumeClaim', 'author-data', 'author-db'),
  ].join('---\n');

  const files = splitManifests(rendered);

  expect([...files.keys()]).toEqual([
    'k8s/author-db/pvc.yaml',
    'k8s/author-db/secret.yaml',
    'k8s/namespace/namespace.yaml',
  ]);
  expect(files.get('k8s/author-db/secret.yaml')).toMatch(/name: one.*---.*name: two/s);
  for (const text of files.values()) expect(text).not.toContain('namespace: ');
});

test('a value that YAML 1.1 takes for true or false stays a text, as the cluster must read it', () => {
  const rendered = 'kind: ConfigMap\nmetadata: { name: words }\ndata: { AUTH: "off", OPEN: "yes", PORT: "50051" }\n';
  const text = splitManifests(rendered).get('k8s/namespace/configmap.yaml');
  expect(text).toContain('AUTH: "off"\n  OPEN: "yes"\n  PORT: "50051"\n');
});
