import path from 'node:path';
import { root } from '../root.js';
import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';

export type Overlay = 'docker-desktop' | 'minikube' | 'secure' | 'production';

/** Renders an overlay to YAML documents. */
export type Renderer = (overlay: Overlay) => Promise<string>;

/** kustomize, else the one inside kubectl; undefined where neither is on PATH. */
export async function findRenderer(): Promise<Renderer | undefined> {
  if ((await runProgram('kustomize', ['version'])).status === 0)
    return (overlay) => render('kustomize', 'build', overlay);
  if ((await runProgram('kubectl', ['version', '--client'])).status === 0) {
    return (overlay) => render('kubectl', 'kustomize', overlay);
  }
  return undefined;
}

async function render(program: string, command: string, overlay: Overlay): Promise<string> {
  const { status, stdout, stderr } = await runProgram(program, [command, path.join(root, 'k8s/overlays', overlay)]);
  if (status !== 0) throw new SandboxError(`${program} cannot render k8s/overlays/${overlay}: ${stderr}`);
  return stdout;
}
