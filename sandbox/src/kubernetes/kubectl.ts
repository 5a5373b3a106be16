import { runProgram } from '../run-program.js';
import { SandboxError } from '../sandbox-error.js';

/** kubectl on one context, so that a switch of the current one in another terminal changes nothing here. */
export class Kubectl {
  constructor(readonly context: string) {}

  /** @throws SandboxError with what kubectl said */
  read(...args: string[]): Promise<string> {
    return this.readFed('', ...args);
  }

  /** As read, with these manifests as its input. */
  async readFed(manifests: string, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await runProgram('kubectl', this.#on(args), { input: manifests });
    if (status !== 0) throw new SandboxError(`kubectl ${args.join(' ')}: ${stderr || 'failed'}`);
    return stdout;
  }

  /** Shows kubectl's own output; true when it ends with status 0. */
  async show(...args: string[]): Promise<boolean> {
    return (await runProgram('kubectl', this.#on(args), { show: true })).status === 0;
  }

  /** As show, ended by the signal. */
  async showUntil(signal: AbortSignal, ...args: string[]): Promise<boolean> {
    return (await runProgram('kubectl', this.#on(args), { show: true, signal })).status === 0;
  }

  /** As show, with these manifests as its input. */
  async feed(manifests: string, ...args: string[]): Promise<boolean> {
    return (await runProgram('kubectl', this.#on(args), { show: true, input: manifests })).status === 0;
  }

  #on(args: string[]): string[] {
    return ['--context', this.context, ...args];
  }
}
