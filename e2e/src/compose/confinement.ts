import type { ContainerFacts } from './container-facts.js';

/** Each service with its database, and one network between the services. */
export const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  'author-service': ['author-data', 'services'],
  'book-service': ['book-data', 'services'],
  'author-migrate': ['author-data'],
  'book-migrate': ['book-data'],
  'author-db': ['author-data'],
  'book-db': ['book-data'],
};

/** What confines every other container and does not confine this one. */
export function notConfinedBy({ Config, HostConfig }: ContainerFacts): string[] {
  const confinement = {
    'a user with a number, who is not root': /^[1-9]\d*:[1-9]\d*$/.test(Config.User),
    'a root file system that is only read': HostConfig.ReadonlyRootfs,
    'a /tmp in memory': HostConfig.Tmpfs?.['/tmp'] !== undefined,
    'no capability': HostConfig.CapDrop?.join() === 'ALL' && !HostConfig.CapAdd?.length && !HostConfig.Privileged,
    'no new privileges': HostConfig.SecurityOpt?.some((option) => /^no-new-privileges(:true)?$/.test(option)),
    'a limit of processes': (HostConfig.PidsLimit ?? 0) > 0,
    'a limit of memory': HostConfig.Memory > 0,
    'secrets in files, not in the environment': Config.Env.every(
      (entry) => !/^\w*(PASSWORD|SECRET|TOKEN)=./.test(entry),
    ),
  };
  return Object.entries(confinement).flatMap(([what, holds]) => (holds ? [] : [what]));
}

/** Such as `50051/tcp on 127.0.0.1:50051`. */
export const publishedBy = ({ NetworkSettings }: ContainerFacts): string[] =>
  Object.entries(NetworkSettings.Ports).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => `${port} on ${HostIp}:${HostPort}`),
  );

/** By the names that compose.yaml has for them. */
export const networksOf = (project: string, { NetworkSettings }: ContainerFacts): string[] =>
  Object.keys(NetworkSettings.Networks)
    .map((name) => name.replace(`${project}_`, ''))
    .sort();
