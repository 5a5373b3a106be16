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

/** Whether a policy is for the pods of a service. */
const selects = ({ spec: { podSelector } }: Manifest, name: string): boolean =>
  Object.values(podSelector.matchLabels ?? {}).every((value) => value === name) &&
  (podSelector.matchExpressions ?? []).every(({ operator, values }) => (operator === 'In') === values.includes(name));

/** Whether a service may call any address on this port. */
const mayCallAnywhere = (name: string, protocol: string, port: number): boolean =>
  manifests
    .filter((manifest) => manifest.kind === 'NetworkPolicy' && selects(manifest, name))
    .flatMap(({ spec }) => spec.egress ?? [])
    .some((rule) => !rule.to && rule.ports.some((allowed) => allowed.port === port && allowed.protocol === protocol));

test.each([
  ['pods of kube-system, a cache on the node, or a server of the provider', 53],
  ["OpenShift's own", 5353],
])('a service may look up names wherever the cluster has its DNS: %s', (_, port) => {
  for (const protocol of ['UDP', 'TCP']) {
    expect(mayCallAnywhere('author-service', protocol, port)).toBe(true);
    expect(mayCallAnywhere('book-service', protocol, port)).toBe(true);
    expect(mayCallAnywhere('a pod of your own', protocol, port)).toBe(true);
  }
});

test('a service may call no other port of any address, a database may call nobody', () => {
  const ports = manifests.flatMap(({ kind, spec }) => (kind === 'NetworkPolicy' ? (spec.egress ?? []) : []));
  const open = ports.filter(({ to }) => !to).flatMap((rule) => rule.ports.map(({ port }) => port));
  expect([...new Set(open)]).toEqual([53, 5353]);
  for (const name of ['author-db', 'book-db']) {
    const policies = manifests.filter((manifest) => manifest.kind === 'NetworkPolicy' && selects(manifest, name));
    expect(policies.map(({ metadata }) => metadata.name).sort()).toEqual([name, 'default-deny']);
    expect(policyOf(name).spec.egress).toBeUndefined();
  }
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
