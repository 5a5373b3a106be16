import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../scripts/services.mjs';
import { textOf } from '../process/output-of.js';
import type { Addresses } from '../targets/target.js';

/** The part of `docker inspect` that the tests need. */
export interface ContainerFacts {
  readonly Config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly CapAdd: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Memory: number;
    readonly PidsLimit: number | null;
    readonly Tmpfs?: Readonly<Record<string, string>> | null;
  };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, unknown>>;
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
  };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly FinishedAt: string;
    readonly OOMKilled: boolean;
    readonly Health?: { readonly Status: string };
  };
}

/** Options of docker that choose a project's containers; only one service's, where it is named. */
function chosen(project: string, service?: string): string[] {
  const labels = [`project=${project}`, ...(service ? [`service=${service}`] : [])];
  return labels.flatMap((label) => ['--filter', `label=com.docker.compose.${label}`]);
}

/** `docker inspect` of a project's containers, stopped ones too; only of one service's, where it is named. */
export async function inspectAll(project: string, service?: string): Promise<ContainerFacts[]> {
  const ps = await textOf(['docker', 'ps', '--all', '--quiet', ...chosen(project, service)]);
  const ids = ps.split('\n').filter(Boolean);
  return ids.length === 0 ? [] : JSON.parse(await textOf(['docker', 'inspect', ...ids]));
}

/** When the engine sent a service its first signal since then, ms: a busy machine takes long to run compose. */
export async function firstSignalAt(project: string, service: string, since: number): Promise<number> {
  const times = ['--since', String(since / 1000), '--until', String(Date.now() / 1000)];
  const filters = ['--filter', 'event=kill', ...chosen(project, service)];
  const signals = await textOf(['docker', 'events', ...times, ...filters, '--format', '{{.TimeNano}}']);
  return Number(signals.split('\n')[0]) / 1e6;
}

/** Compose's name of what runs in a container. */
export const serviceOf = ({ Config }: ContainerFacts): string => Config.Labels['com.docker.compose.service'] ?? '';

/** A project's networks without a way out, by their names in compose.yaml. */
export async function internalNetworks(project: string): Promise<string[]> {
  const format = '{{if .Internal}}{{index .Labels "com.docker.compose.network"}}{{end}}';
  const ids = (await textOf(['docker', 'network', 'ls', '--quiet', ...chosen(project)])).split('\n').filter(Boolean);
  const names = await textOf(['docker', 'network', 'inspect', '--format', format, ...ids]);
  return names.split('\n').filter(Boolean).sort();
}

/** How far a container is closed off. */
interface Confinement {
  /** The rules that it breaks. */
  readonly breaks: readonly string[];
  /** By their names in compose.yaml. */
  readonly networks: readonly string[];
  /** Such as `50051/tcp on 127.0.0.1:50051`. */
  readonly published: readonly string[];
}

/** The confinement of each container of a project, by its service. */
export async function confinementOf(project: string): Promise<Record<string, Confinement>> {
  const containers = await inspectAll(project);
  return Object.fromEntries(
    containers.map((facts) => [
      serviceOf(facts),
      { breaks: rulesBrokenBy(facts), networks: networksOf(project, facts), published: publishedBy(facts) },
    ]),
  );
}

/** One network for each database and one between the services; the public ports are published, and nothing else is. */
export function expectedConfinement({ authorAddress, bookAddress }: Addresses): Record<string, Confinement> {
  const inside = (...networks: string[]): Confinement => ({ breaks: [], networks, published: [] });
  return {
    'author-service': { ...inside('author-data', 'services'), published: [`50051/tcp on ${authorAddress}`] },
    'author-migrate': inside('author-data'),
    'author-db': inside('author-data'),
    'book-service': { ...inside('book-data', 'services'), published: [`50052/tcp on ${bookAddress}`] },
    'book-migrate': inside('book-data'),
    'book-db': inside('book-data'),
  };
}

function rulesBrokenBy({ Config, HostConfig }: ContainerFacts): string[] {
  const rules = {
    'a numeric user other than root': /^[1-9]\d*:[1-9]\d*$/.test(Config.User),
    'a read-only root file system': HostConfig.ReadonlyRootfs,
    'a /tmp in memory': HostConfig.Tmpfs?.['/tmp'] !== undefined,
    'no capability': HostConfig.CapDrop?.join() === 'ALL' && !HostConfig.CapAdd?.length && !HostConfig.Privileged,
    'no new privileges': HostConfig.SecurityOpt?.some((option) => /^no-new-privileges(:true)?$/.test(option)),
    'a limit of processes': (HostConfig.PidsLimit ?? 0) > 0,
    'a limit of memory': HostConfig.Memory > 0,
    'secrets in files, not in the environment': Config.Env.every(
      (entry) => !/^\w*(PASSWORD|SECRET|TOKEN)=./.test(entry),
    ),
  };
  return Object.entries(rules).flatMap(([what, holds]) => (holds ? [] : [what]));
}

const publishedBy = ({ NetworkSettings }: ContainerFacts): string[] =>
  Object.entries(NetworkSettings.Ports).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => `${port} on ${HostIp}:${HostPort}`),
  );

const networksOf = (project: string, { NetworkSettings }: ContainerFacts): string[] =>
  Object.keys(NetworkSettings.Networks)
    .map((name) => name.replace(`${project}_`, ''))
    .sort();

/** The development passwords, which are public, by the names of their files. */
export function developmentPasswords(): Record<string, string> {
  const folder = path.join(root, 'sandbox/dev-secrets');
  const names = readdirSync(folder).filter((name) => name.endsWith('-password'));
  if (names.length === 0) throw new Error(`no password is in ${folder}`);
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8').trim()]));
}
