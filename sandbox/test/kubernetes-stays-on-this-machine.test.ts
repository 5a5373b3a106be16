import { expect, test } from 'vitest';
import { isLocal } from '../src/kubernetes/context.js';
import { overlayFor, readOptions } from '../src/kubernetes/options.js';

test.each(['docker-desktop', 'minikube', 'kind-kind', 'k3d-dev', 'rancher-desktop', 'orbstack', 'colima'])(
  '%s is a cluster on this machine',
  (context) => expect(isLocal(context)).toBe(true),
);

test.each([
  'production',
  'my-minikube',
  'docker-desktop-2',
  'kind-',
  'gke_kind-x',
  'arn:aws:eks:eu-west-1:1:cluster/kind-a',
  '',
])('%s is not: it has to be named', (context) => expect(isLocal(context)).toBe(false));

test('an overlay is the one that is named, else the one of the context', () => {
  expect(readOptions(['--overlay', 'secure'])).toMatchObject({ overlay: 'secure', volumes: false });
  expect(overlayFor('minikube')).toBe('minikube');
  expect(overlayFor('kind-kind')).toBe('minikube');
  expect(overlayFor('k3d-dev')).toBe('minikube');
  expect(overlayFor('docker-desktop')).toBe('docker-desktop');
  expect(overlayFor('orbstack')).toBe('docker-desktop');
});

test.each([['--overlay', 'staging'], ['--force'], ['up']])('%s %s is refused in one line', (...args) => {
  expect(() => readOptions(args)).toThrow(/^[^\n]+$/);
});
