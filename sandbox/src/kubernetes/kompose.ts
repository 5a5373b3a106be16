import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { type ProgramResult, runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';
import type { Files } from './files.js';
import { root } from './paths.js';

/** The only version whose output is committed: another one writes other manifests. */
export const KOMPOSE_VERSION = '1.38.0';

export const composeFiles = ['compose.yaml', 'compose.kompose.yaml'];

const arguments_ = [
  ...composeFiles.flatMap((file) => ['-f', file]),
  'convert',
  // One file for each secret, as compose mounts them, and neither command line nor version in the manifests.
  ...['--secrets-as-files', '--with-kompose-annotation=false', '--controller', 'deployment'],
];

/** The version of the kompose on PATH, undefined without one. */
export async function komposeVersion(): Promise<string | undefined> {
  const { status, stdout } = await runProgram('kompose', ['version']);
  return status === 0 ? stdout.trim().split(' ')[0] : undefined;
}

/**
 * What kompose makes of the compose files, with the kustomization that lists it. It sees neither this process's
 * environment nor a `.env` file, both of which it would put into the manifests.
 */
export async function convertCompose(): Promise<Files> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'bookstore-kompose-'));
  try {
    for (const file of composeFiles) copyFileSync(path.join(root, file), path.join(scratch, file));
    const out = path.join(scratch, 'out');
    mkdirSync(out);
    const env = { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot };
    requireSuccess(await runProgram('kompose', [...arguments_, '-o', `${out}${path.sep}`], { cwd: scratch, env }));
    const names = readdirSync(out).sort();
    const files = new Map(names.map((name) => [`k8s/base/${name}`, readFileSync(path.join(out, name), 'utf8')]));
    return files.set('k8s/base/kustomization.yaml', kustomization(names));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function requireSuccess({ status, stderr }: ProgramResult): void {
  if (status === 0) return;
  const reason = stderr.split('\n').find((line) => line.includes('FATA')) ?? stderr;
  throw new SandboxError(`kompose cannot convert ${composeFiles.join(' and ')}: ${reason}`);
}

const kustomization = (resources: string[]) =>
  stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources });
