/** An error whose message is one line for the user: what is wrong and what to do. */
export class SandboxError extends Error {
  override name = 'SandboxError';
}
