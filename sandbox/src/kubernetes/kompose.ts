import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { root, services } from '../../../scripts/services.mjs';
import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';
import { type Manifest, parseManifests } from './manifest.js';

/** The only version whose output is committed: another one writes other manifests. */
export const KOMPOSE_VERSION = '1.38.0';

/** The version of the kompose on PATH, undefined without one. */
export async function komposeVersion(): Promise<string | undefined> {
  const { status, stdout } = await runProgram('kompose', ['version']);
  return status === 0 ? stdout.trim().split(' ')[0] : undefined;
}

/**
 * compose.yaml as kompose gets it: without what means nothing in Kubernetes, or is said in k8s/components.
 *
 * @throws SandboxError when it lacks a service
 */
export function composeForKompose(text = readFileSync(path.join(root, 'compose.yaml'), 'utf8')): string {
  const compose = parse(text, { merge: true });
  for (const [name, service] of Object.entries<Record<string, object>>(compose.services)) {
    const { 'bookstore.kubernetes': exported, ...labels } = (service.labels ?? {}) as Record<string, string>;
    if (exported === 'no' || service.profiles) {
      delete compose.services[name];
      continue;
    }
    // A pod waits for no other.
    delete service.depends_on;
    service.labels = { 'kompose.image-pull-policy': 'IfNotPresent', ...labels };
  }
  for (const { name, shortName } of services) {
    const needed = [name, `${shortName}-migrate`, `${shortName}-db`];
    const [service, migration, database] = needed.map((each) => compose.services[each]);
    if (!service || !migration || !database) throw new SandboxError(`compose.yaml needs ${needed.join(', ')}`);
    // The kubelet probes by gRPC.
    delete service.healthcheck;
    // Else it is a Pod of its own. It becomes an init container of the service.
    migration.restart = 'always';
  }
  // By name only: kompose copies the bytes of a secret that it can read into the manifests.
  for (const name of Object.keys(compose.secrets)) compose.secrets[name] = { external: true };
  return stringify(compose, { version: '1.1' });
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
