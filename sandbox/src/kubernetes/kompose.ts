import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { services } from '../../../scripts/services.mjs';
import { root } from '../root.js';
import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';
import { type Manifest, parseManifests } from './manifest.js';

/** The only version whose output is committed: another one writes other manifests. */
export const KOMPOSE_VERSION = '1.38.0';

interface ComposeService {
  user?: string;
  cap_drop?: string[];
  restart?: string;
  profiles?: string[];
  labels?: Record<string, string>;
  depends_on?: object;
  healthcheck?: object;
}

/** The version of the kompose on PATH, undefined without one. */
export async function komposeVersion(): Promise<string | undefined> {
  const { status, stdout } = await runProgram('kompose', ['version']);
  return status === 0 ? stdout.trim().split(' ')[0] : undefined;
}

/**
 * compose.yaml as kompose gets it: without what means nothing in Kubernetes, or is said in k8s/components.
 *
 * @throws SandboxError when pods of a service would be refused, with what compose.yaml lacks
 */
export function composeForKompose(text = readFileSync(path.join(root, 'compose.yaml'), 'utf8')): string {
  const compose = parse(text, { merge: true });
  const composed: Record<string, ComposeService> = compose.services;
  for (const [name, service] of Object.entries(composed)) {
    const { 'bookstore.kubernetes': exported, ...labels } = service.labels ?? {};
    if (exported === 'no' || service.profiles) {
      delete composed[name];
      continue;
    }
    // A pod waits for no other.
    delete service.depends_on;
    service.labels = { 'kompose.image-pull-policy': 'IfNotPresent', ...labels };
  }
  for (const { name, shortName } of services) {
    const [service, migration] = [composed[name], composed[`${shortName}-migrate`]];
    if (!service || !migration || !composed[`${shortName}-db`]) {
      throw new SandboxError(`compose.yaml needs ${name}, ${shortName}-migrate and ${shortName}-db`);
    }
    // The kubelet probes by gRPC.
    delete service.healthcheck;
    // Else it is a Pod of its own. It becomes an init container of the service.
    migration.restart = 'always';
  }
  const problems = Object.entries(composed).flatMap(([name, service]) => unfitFor(name, service));
  if (problems.length > 0) throw new SandboxError(`the namespace would refuse it: ${problems.join('; ')}`);
  // By name only: kompose copies the bytes of a secret that it can read into the manifests.
  for (const name of Object.keys(compose.secrets)) compose.secrets[name] = { external: true };
  return stringify({ ...compose, services: composed }, { version: '1.1' });
}

/** What pod security "restricted" demands, and k8s/components cannot add. */
function unfitFor(name: string, { user = '0', cap_drop = [], restart = 'always' }: ComposeService): string[] {
  if (/^(no|on-failure)/.test(restart)) {
    return [`${name} runs once: leave it out by labels: { bookstore.kubernetes: "no" } in compose.yaml`];
  }
  const missing = [
    ...(/^[1-9]\d*(:|$)/.test(user) ? [] : ['user: a number other than 0']),
    ...(cap_drop.includes('ALL') ? [] : ['cap_drop: [ALL]']),
  ];
  return missing.length > 0 ? [`${name} needs ${missing.join(', ')} in compose.yaml`] : [];
}

/** What kompose makes of compose.yaml. It sees neither this process's environment nor a `.env` file. */
export async function convertCompose(): Promise<Manifest[]> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'bookstore-kompose-'));
  try {
    writeFileSync(path.join(scratch, 'compose.yaml'), composeForKompose());
    mkdirSync(path.join(scratch, 'out'));
    const { status, stderr } = await runProgram(
      'kompose',
      [
        ...['-f', 'compose.yaml', 'convert', '--controller', 'deployment', '--pvc-request-size', '1Gi'],
        // A file for each secret, as compose mounts them, and neither command line nor version in the manifests.
        ...['--secrets-as-files', '--with-kompose-annotation=false', '-o', `out${path.sep}`],
      ],
      { cwd: scratch, env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot } },
    );
    if (status !== 0) throw new SandboxError(`kompose cannot convert compose.yaml: ${stderr}`);
    const files = readdirSync(path.join(scratch, 'out')).sort();
    return files.flatMap((file) => parseManifests(readFileSync(path.join(scratch, 'out', file), 'utf8')));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
