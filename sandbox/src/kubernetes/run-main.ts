import { SandboxError } from '../sandbox-error.js';

/** Runs a command's body; a failure is shown as one line where the user can do something about it, and is status 1. */
export async function runMain(name: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const { message, stack } = error as Error;
    console.error(`npm run ${name}: ${error instanceof SandboxError ? message : (stack ?? message)}`);
    process.exitCode = 1;
  }
}
