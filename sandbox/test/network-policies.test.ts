import { describe, expect, test } from 'vitest';
import { services } from '../../scripts/services.mjs';
import {
  composeServices,
  type Manifest,
  manifestsOf,
  overlays,
  type Rule,
  type Selector,
} from './kubernetes-manifests.js';

const compose = composeServices();
const publicPort = (name: string) => Number(compose[name]?.environment.PUBLIC_PORT);

/** What compose.yaml lets each container call: every host:port in its environment. */
const dependencies = services.flatMap(({ name: from }) =>
  Object.values(compose[from]?.environment ?? {}).flatMap((value) => {
    const [, to = '', port] = /([\w-]+):(\d+)/.exec(value) ?? [];
    return to in compose ? [`${from} -> ${to}:${port}`] : [];
  }),
);

const matches = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => !values.includes(labels[key] ?? ''));

/** The network as the policies of an overlay make it. */
function network(manifests: Manifest[]) {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  const pods = Object.fromEntries(
    manifests
      .filter(({ kind }) => kind === 'Deployment')
      .map(({ metadata, spec }) => [metadata.name, spec.template.metadata.labels]),
  );
  pods['a client'] = { 'bookstore/client': 'true' };
  pods['another pod'] = {};
  const allows = (side: 'ingress' | 'egress', pod: string, other: string | undefined, port: number) => {
    const peers = (rule: Rule) => (side === 'ingress' ? rule.from : rule.to);
    const otherMatches = (rule: Rule) =>
      !peers(rule) || (other && peers(rule)?.some(({ podSelector }) => matches(podSelector, pods[other] ?? {})));
    return policies
      .filter(({ spec }) => matches(spec.podSelector, pods[pod] ?? {}))
      .flatMap(({ spec }) => spec[side] ?? [])
      .some((rule) => otherMatches(rule) && (rule.ports?.some((allowed) => allowed.port === port) ?? true));
  };
  const open = manifests
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ metadata, spec }) => {
      const ports = spec.template.spec.containers[0].ports.map(({ containerPort }) => containerPort);
      return ports.map((port) => ({ to: metadata.name, port }));
    });
  return {
    policies,
    mayCallAnywhere: (from: string, port: number) => allows('egress', from, undefined, port),
    mayBeCalledFromAnywhere: (to: string, port: number) => allows('ingress', to, undefined, port),
    /** Every connection between two pods that both sides allow. */
    connections: Object.keys(pods).flatMap((from) =>
      open
        .filter(({ to, port }) => from !== to && allows('egress', from, to, port) && allows('ingress', to, from, port))
        .map(({ to, port }) => `${from} -> ${to}:${port}`),
    ),
  };
}

describe.each(overlays)('%s', async (overlay) => {
  const { policies, mayCallAnywhere, mayBeCalledFromAnywhere, connections } = network(await manifestsOf(overlay));
  const isClosed = overlay === 'secure' || overlay === 'production';
  const expected = dependencies.filter((call) => overlay !== 'production' || !call.includes('-db:'));

  test('pods may connect as compose.yaml says, clients to the public ports, and no pod to any other', () => {
    const clients = services.map(({ name }) => `a client -> ${name}:${publicPort(name)}`);
    expect(connections.filter((call) => !isClosed || !publicPorts.test(call)).sort()).toEqual(
      [...expected, ...(isClosed ? [] : clients)].sort(),
    );
  });

  test('nothing passes in or out unless a policy says so', () => {
    const denied = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
    expect(policies.map(({ spec }) => spec)).toContainEqual(denied);
  });

  test('a public port is open to callers from anywhere only where they need TLS and a token', () => {
    for (const { name, internalPort } of services) {
      expect(mayBeCalledFromAnywhere(name, publicPort(name))).toBe(isClosed);
      expect(mayBeCalledFromAnywhere(name, internalPort)).toBe(false);
    }
  });

  test('a service may look up names at any address, and may call no other port of any address', () => {
    for (const { name, shortName } of services) {
      for (const port of [53, 5353]) expect(mayCallAnywhere(name, port)).toBe(true);
      expect(mayCallAnywhere(name, 443)).toBe(false);
      expect(mayCallAnywhere(name, 5432)).toBe(overlay === 'production');
      if (overlay !== 'production') expect(mayCallAnywhere(`${shortName}-db`, 53)).toBe(false);
    }
  });
});

test('compose.yaml has a database and a peer for each service', () => {
  for (const { name, shortName, peers } of services) {
    const calls = dependencies.filter((call) => call.startsWith(`${name} -> `)).map((call) => call.split(/ -> |:/)[1]);
    expect(calls.sort()).toEqual([`${shortName}-db`, ...peers].sort());
  }
});

const publicPorts = new RegExp(services.map(({ name }) => `-> ${name}:${publicPort(name)}$`).join('|'));
