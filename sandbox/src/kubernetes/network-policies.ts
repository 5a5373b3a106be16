import { type Deployment, environmentOf, type Manifest } from './manifest.js';

/**
 * A policy for each Deployment: it may call what its environment in compose.yaml names as host:port, and be called by
 * those that name it. Clients may call the public port of a service; that rule is the first one, and
 * k8s/components/secure opens it.
 */
export function networkPolicies(deployments: readonly Deployment[]): Manifest[] {
  const names = deployments.map(({ metadata }) => metadata.name);
  const calls = deployments.flatMap(callsOf).filter(({ to }) => names.includes(to));
  return deployments.map(({ metadata: { name }, spec: { template } }) => {
    const { PUBLIC_PORT } = environmentOf(template.spec.containers[0]);
    const fromClients = { from: [podsWith('bookstore/client', 'true')], ports: [tcp(Number(PUBLIC_PORT))] };
    const fromPeers = calls
      .filter(({ to }) => to === name)
      .map(({ from, port }) => ({ from: [podsOf(from)], ports: [tcp(port)] }));
    const ingress = PUBLIC_PORT ? [fromClients, ...fromPeers] : fromPeers;
    const egress = calls
      .filter(({ from }) => from === name)
      .map(({ to, port }) => ({ to: [podsOf(to)], ports: [tcp(port)] }));
    return {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, labels: { 'io.kompose.service': name } },
      spec: { ...podsOf(name), policyTypes: ['Ingress', 'Egress'], ingress, egress },
    };
  });
}

/** Each host:port in its environment and in its migration's, once. */
function callsOf({ metadata, spec }: Deployment): { from: string; to: string; port: number }[] {
  const { containers, initContainers = [] } = spec.template.spec;
  const values = [...containers, ...initContainers].flatMap((container) => Object.values(environmentOf(container)));
  const addresses = new Set(values.flatMap((value) => value.match(/(?<![\w-])[\w-]+:\d+(?!\w)/g) ?? []));
  return [...addresses].map((address) => {
    const [to = '', port] = address.split(':');
    return { from: metadata.name, to, port: Number(port) };
  });
}

const podsWith = (label: string, value: string) => ({ podSelector: { matchLabels: { [label]: value } } });
const podsOf = (name: string) => podsWith('io.kompose.service', name);
const tcp = (port: number) => ({ protocol: 'TCP', port });
