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

/** What `npm start` runs, or another of the repository's programs that does not end, as from a terminal of its own. */
export class NpmStart implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** How it ended: a status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  stdout = '';
  stderr = '';

  constructor({ dataDir, authorPort, bookPort }: Place, folder = root, program = 'sandbox/dist/start.js') {
    this.#child = spawn(process.execPath, [path.join(folder, program)], {
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

  /** Waits until it has printed this, for people or as an error. */
  async prints(text: string): Promise<void> {
    const ended = this.ended.then((how) => {
      throw new Error(`it ended (${how}) before it printed "${text}":\n${this.stdout}${this.stderr}`);
    });
    const printed = async () => {
      while (!`${this.stdout}${this.stderr}`.includes(text)) await Promise.race(this.#outputs().map(nextData));
    };
    await Promise.race([printed(), ended]);
  }

  /** Forgets what it has printed so far. */
  forget(): void {
    this.stdout = '';
    this.stderr = '';
  }

  #outputs(): NodeJS.ReadableStream[] {
    return [this.#child.stdout, this.#child.stderr].filter((output) => output !== null);
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

const nextData = (output: NodeJS.ReadableStream) => once(output, 'data');
