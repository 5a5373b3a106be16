import path from 'node:path';
import { root } from '../../../scripts/services.mjs';
import { outputOf } from '../process/output-of.js';
import { RunningProgram } from '../process/running-program.js';
import type { Place } from './new-place.js';

/** What `npm start` runs, or `npm run dev`. */
export class NpmStart extends RunningProgram {
  constructor({ env }: Place, folder = root, program = 'sandbox/dist/start.js', ...args: string[]) {
    const command = [process.execPath, path.join(folder, program), ...args] as const;
    super(command, { cwd: folder, env: { LOG_LEVEL: 'warn', ...env } });
  }

  /** Waits until it tells where to call. */
  serves(): Promise<void> {
    return this.prints('The bookstore serves');
  }

  /** Id of its child that runs this program. */
  async childRunning(program: string): Promise<number> {
    const { stdout } = await outputOf(['ps', '-A', '-o', 'pid=,ppid=,args=']);
    for (const line of stdout.split('\n')) {
      const [pid, parent] = line.trim().split(/\s+/);
      if (Number(parent) === this.pid && line.includes(program)) return Number(pid);
    }
    throw new Error(`npm start has no child that runs ${program}`);
  }
}
