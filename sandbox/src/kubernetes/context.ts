import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';
import { Kubectl } from './kubectl.js';

const local = /^(docker-desktop|minikube|rancher-desktop|orbstack|colima|kind-.+|k3d-.+)$/;

/** Whether a context of this name is a cluster on the user's own machine. */
export const isLocal = (context: string) => local.test(context);

/**
 * kubectl on the context that the user named, else on the current one.
 *
 * @throws SandboxError when the current one is not a cluster on this machine: that has to be said
 */
export async function chooseContext(named: string | undefined): Promise<Kubectl> {
  if (named) return new Kubectl(named);
  const { status, stdout } = await runProgram('kubectl', ['config', 'current-context']);
  if (status === undefined) throw new SandboxError('kubectl is not on PATH; k8s/README.md says how to get it');
  const current = stdout.trim();
  if (status !== 0 || !current) throw new SandboxError('kubectl has no current context; name one: -- --context NAME');
  if (isLocal(current)) return new Kubectl(current);
  throw new SandboxError(`the context ${current} is not on this machine; if you mean it: -- --context ${current}`);
}
