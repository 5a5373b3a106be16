import type { Files } from './files.js';
import { type Manifest, parseManifests } from './split.js';

interface Container {
  readonly name: string;
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly securityContext?: {
    readonly runAsUser?: number;
    readonly privileged?: boolean;
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  };
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly restartPolicy?: string;
}

interface Workload extends Manifest {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

const otherWorkloads = new Set(['Pod', 'Job', 'CronJob', 'DaemonSet', 'StatefulSet']);

/** What pod security "restricted" demands and only compose.yaml can say. */
const needed: readonly [words: string, holds: (container: Container) => boolean][] = [
  ['user: a number other than 0', ({ securityContext }) => (securityContext?.runAsUser ?? 0) > 0],
  ['cap_drop: [ALL]', ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') === true],
  ['no cap_add', ({ securityContext }) => !securityContext?.capabilities?.add?.length],
  ['no privileged', ({ securityContext }) => !securityContext?.privileged],
  ['no host port', ({ ports = [] }) => ports.every(({ hostPort }) => hostPort === undefined)],
];

/**
 * What the namespace would refuse of kompose's output, a line each. The component's patches make the only container of a
 * Deployment fit for pod security "restricted"; its user and its capabilities must come from compose.yaml.
 */
export function unfitWorkloads(base: Files): string[] {
  return [...base.values()].flatMap(parseManifests).flatMap((manifest) => {
    const { kind, metadata } = manifest;
    if (otherWorkloads.has(kind)) return `${metadata.name} would be a ${kind}, and Deployments alone are made fit`;
    return kind === 'Deployment' ? unfitDeployment(manifest as Workload) : [];
  });
}

function unfitDeployment({ metadata: { name }, spec }: Workload): string[] {
  const { containers, initContainers = [], restartPolicy } = spec.template.spec;
  if (restartPolicy !== 'Always') {
    return [`${name} runs once: leave it out, by profiles: [not-in-kubernetes] in compose.kompose.yaml`];
  }
  const [container, ...others] = [...containers, ...initContainers];
  if (!container || others.length > 0) return [`${name} would share a pod: each needs one of its own`];
  const missing = needed.filter(([, holds]) => !holds(container)).map(([words]) => words);
  return missing.length > 0 ? [`${name} needs ${missing.join(', ')} in compose.yaml`] : [];
}
