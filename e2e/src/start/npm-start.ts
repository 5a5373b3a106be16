import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { outputOf } from '../process/output-of.js';
import { root } from '../root.js';

/** Where, and with what data, the bookstore is started. */
export interface Place {
  readonly dataDir: string;
  readonly authorPort: number | string;
  readonly bookPort: number | string;
}

/** What `npm start` runs, as from a terminal of its own. */
export class NpmStart implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** How it ended: a status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  stdout = '';
  stderr = '';

  constructor({ dataDir, authorPort, bookPort }: Place, folder = root) {
    this.#child = spawn(process.execPath, [path.join(folder, 'sandbox/dist/start.js')], {
      cwd: folder,
      env: {
        ...process.env,
        SANDBOX_DIR: dataDir,
        AUTHOR_PORT: String(authorPort),
        BOOK_PORT: String(bookPort),
        LOG_LEVEL: 'warn',
      },
      // A process group of its own, as a shell makes one for what it runs.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.ended = once(this.#child, 'close').then(([status, signal]) => status ?? signal);
  }

  /** Waits until it has printed this. */
  async prints(text: string): Promise<void> {
    const ended = this.ended.then((how) => {
      throw new Error(`npm start ended (${how}) before it printed "${text}":\n${this.stdout}${this.stderr}`);
    });
    const printed = async () => {
      while (!this.stdout.includes(text)) await once(this.#child.stdout as NodeJS.ReadableStream, 'data');
    };
    await Promise.race([printed(), ended]);
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
      if (Number(parent) === this.#child.pid && line.includes(program)) return Number(pid);
    }
    throw new Error(`npm start has no child that runs ${program}`);
  }

  /** To this process alone, as `kill` does. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** To everything in the foreground of its terminal, as Ctrl-C does. */
  interrupt(): void {
    process.kill(-(this.#child.pid as number), 'SIGINT');
  }

  /** The end of a test that may have failed on the way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGTERM');
    await this.ended;
  }
}
