import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository's root, from the compiled file as from its source. */
export const root = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Runs docker in the repository's root, and returns what it printed.
 *
 * @throws Error with what it complained of
 */
export function docker(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C ends the laboratory, which then needs docker to put things back.
      detached: true,
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said.stderr += text;
    });
    child.on('error', reject).on('close', (status) => {
      if (status === 0) resolve(said.stdout);
      else reject(new Error(`docker ${args.join(' ')}: ${said.stderr.trim()}`));
    });
  });
}
