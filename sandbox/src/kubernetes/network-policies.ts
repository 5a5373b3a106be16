import { type Deployment, environmentOf, type Manifest } from './manifest.js';

/**
 * A policy for each Deployment: it may call what its environment in compose.yaml names as host:port, and be called by
 * those that name it. Clients may call the public port of a service; that rule is the first one, and
 * k8s/components/secure opens it.
 */
export function networkPolicies(deployments: readonly Deployment[]): Manifest[] {
  const names = deployments.map(({ metadata }) => metadata.name);
  const calls = deployments.flatMap((deployment) =>
    addressesIn(deployment)
      .filter(({ host }) => names.includes(host))
      .map(({ host, port }) => ({ from: deployment.metadata.name, to: host, port })),
  );
  return deployments.map((deployment) => {
    const { name } = deployment.metadata;
    const ingress = [
      ...clientRules(deployment),
      ...calls.filter(({ to }) => to === name).map(({ from, port }) => ({ from: [podsOf(from)], ports: [tcp(port)] })),
    ];
    const egress = calls
      .filter(({ from }) => from === name)
      .map(({ to, port }) => ({ to: [podsOf(to)], ports: [tcp(port)] }));
    const policyTypes = ['Ingress', 'Egress'];
    const spec = { podSelector: podsOf(name).podSelector, policyTypes, ingress, egress };
    const metadata = { name, labels: { 'io.kompose.service': name } };
    return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
  });
}

/** Each host:port in its environment and in its migration's, once. */
function addressesIn({ spec }: Deployment): { host: string; port: number }[] {
  const { containers, initContainers = [] } = spec.template.spec;
  const values = [...containers, ...initContainers].flatMap((container) => Object.values(environmentOf(container)));
  const addresses = new Set(values.flatMap((value) => value.match(/(?<![\w-])[\w-]+:\d+(?!\w)/g) ?? []));
  return [...addresses].map((address) => {
    const [host = '', port] = address.split(':');
    return { host, port: Number(port) };
  });
}

function clientRules({ spec }: Deployment): object[] {
  const { PUBLIC_PORT } = environmentOf(spec.template.spec.containers[0]);
  if (!PUBLIC_PORT) return [];
  const clients = { podSelector: { matchLabels: { 'bookstore/client': 'true' } } };
  return [{ from: [clients], ports: [tcp(Number(PUBLIC_PORT))] }];
}

const podsOf = (name: string) => ({ podSelector: { matchLabels: { 'io.kompose.service': name } } });
const tcp = (port: number) => ({ protocol: 'TCP', port });
