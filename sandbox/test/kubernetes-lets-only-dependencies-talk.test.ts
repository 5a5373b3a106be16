import { expect, test } from 'vitest';
import { composeServices, find, type Manifest, manifestsOf, type Rule } from './kubernetes-manifests.js';

const compose = composeServices();
const manifests = await manifestsOf('docker-desktop');
const applications = ['author-service', 'book-service', 'author-db', 'book-db'];

/** From whom to whom on which port, as the environments in compose.yaml say: each value with host:port in it. */
const dependencies = ['author-service', 'book-service'].flatMap((from) =>
  Object.values(compose[from]?.environment ?? {}).flatMap((value) => {
    const [, to, port] = /\b((?:author|book)-(?:db|service)):(\d+)/.exec(value) ?? [];
    return to ? [{ from, to, port: Number(port) }] : [];
  }),
);

const policyOf = (name: string): Manifest => find(manifests, 'NetworkPolicy', name);
const allows = (rules: Rule[] | undefined, side: 'from' | 'to', other: string, port: number) =>
  (rules ?? []).some(
    (rule) =>
      rule.ports.some((allowed) => allowed.port === port && allowed.protocol === 'TCP') &&
      rule[side]?.some(({ podSelector }) => podSelector?.matchLabels['io.kompose.service'] === other),
  );

test('nothing may pass in or out unless a policy says so', () => {
  expect(policyOf('default-deny').spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  for (const name of applications) {
    const { podSelector, policyTypes } = policyOf(name).spec;
    expect(podSelector.matchLabels).toEqual({ 'io.kompose.service': name });
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
  }
});

test('compose.yaml has four dependencies', () => {
  expect(dependencies).toHaveLength(4);
});

test.each(dependencies)('$from may call $to on $port', ({ from, to, port }) => {
  expect(allows(policyOf(from).spec.egress, 'to', to, port)).toBe(true);
  expect(allows(policyOf(to).spec.ingress, 'from', from, port)).toBe(true);
});

test('a service may ask the cluster for names, a database may ask nobody', () => {
  for (const name of ['author-service', 'book-service']) {
    const names = policyOf(name).spec.egress?.find(({ ports }) => ports.some(({ port }) => port === 53));
    expect(names?.ports).toEqual([
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ]);
  }
  for (const name of ['author-db', 'book-db']) expect(policyOf(name).spec.egress).toBeUndefined();
});

test('nothing else is let in: each rule belongs to a dependency or to a client that says it is one', () => {
  for (const name of applications) {
    for (const { from, ports } of policyOf(name).spec.ingress ?? []) {
      const [{ podSelector }, ...others] = from as [{ podSelector: { matchLabels: Record<string, string> } }];
      const caller = podSelector.matchLabels['io.kompose.service'];
      const client = podSelector.matchLabels['bookstore/client'];
      expect(others).toEqual([]);
      expect(ports).toHaveLength(1);
      if (caller) expect(dependencies).toContainEqual({ from: caller, to: name, port: ports[0]?.port });
      else expect([client, ports[0]?.port]).toEqual(['true', Number(compose[name]?.environment.PUBLIC_PORT)]);
    }
  }
});
