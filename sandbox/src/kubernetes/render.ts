import path from 'node:path';
import { root } from '../root.js';
import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';

export const OVERLAYS = ['docker-desktop', 'minikube', 'secure', 'production'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** An overlay as YAML, by kustomize or else by the one inside kubectl; undefined where neither is on PATH. */
export async function render(overlay: Overlay): Promise<string | undefined> {
  const folder = path.join(root, 'k8s/overlays', overlay);
  for (const command of ['kustomize build', 'kubectl kustomize']) {
    const [program = '', ...args] = command.split(' ');
    const { status, stdout, stderr } = await runProgram(program, [...args, folder]);
    if (status === 0) return stdout;
    if (status !== undefined) throw new SandboxError(`${program} cannot render k8s/overlays/${overlay}: ${stderr}`);
  }
  return undefined;
}
