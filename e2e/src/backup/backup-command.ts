import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { ComposeStack } from '../compose/compose-stack.js';
import { root } from '../root.js';

/** `npm run backup` or `npm run restore` for a stack, while it runs. */
export class BackupCommand {
  readonly #child: ChildProcess;
  /** All that it has printed. */
  output = '';
  readonly ended: Promise<number | null>;

  constructor(name: 'backup' | 'restore', stack: ComposeStack, ...args: string[]) {
    const program = path.join(root, `sandbox/dist/backup/${name}-main.js`);
    this.#child = spawn(process.execPath, [program, ...args], {
      cwd: root,
      env: {
        ...process.env,
        COMPOSE_PROJECT_NAME: stack.project,
        COMPOSE_FILE: path.join(root, 'compose.yaml'),
        AUTHOR_PORT: String(stack.authorPort),
        BOOK_PORT: String(stack.bookPort),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject).once('close', resolve);
    });
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    this.#child.kill('SIGINT');
  }
}
