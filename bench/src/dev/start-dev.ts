import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { freePort, waitUntilServing } from '@bookstore/sandbox';

/** A bookstore that serves what is saved in a folder. */
export interface DevBookstore {
  readonly folder: string;
  readonly authorAddress: string;
  readonly bookAddress: string;
  stop(): Promise<void>;
}

/** The first time, images take what npm has to bring. */
const BUILD_LIMIT_MS = 900_000;

/** As `npm run dev` starts it. */
export async function startEmbedded(folder: string): Promise<DevBookstore> {
  const command = [process.execPath, path.join(folder, 'sandbox/dist/dev/main.js')];
  return start(folder, command, { SANDBOX_DIR: path.join(folder, '.sandbox') });
}

/** As `docker compose up --watch` starts it, in a project of its own, which goes with its volumes and images. */
export async function startCompose(folder: string): Promise<DevBookstore> {
  const id = `bookstore-bench-${randomBytes(4).toString('hex')}`;
  const env = {
    COMPOSE_PROJECT_NAME: id,
    COMPOSE_FILE: ['compose.yaml', 'compose.dev.yaml'].join(path.delimiter),
    IMAGE_PREFIX: 'bookstore',
    IMAGE_TAG: id,
    AUTHOR_INSPECT_PORT: String(await freePort()),
    BOOK_INSPECT_PORT: String(await freePort()),
  };
  const docker = async (...args: string[]) => {
    await once(spawn('docker', args, { cwd: folder, env: { ...process.env, ...env }, stdio: 'ignore' }), 'exit');
  };
  const down = async () => {
    await docker('compose', 'down', '--volumes', '--timeout', '1');
    const images = ['author-service', 'author-migrate', 'book-service', 'book-migrate'];
    await docker('image', 'rm', ...images.map((name) => `bookstore/${name}-dev:${id}`));
  };
  try {
    const bookstore = await start(folder, ['docker', 'compose', 'up', '--build', '--watch'], env);
    return { ...bookstore, stop: () => bookstore.stop().finally(down) };
  } catch (error) {
    await down();
    throw error;
  }
}

async function start(folder: string, command: readonly string[], env: Record<string, string>): Promise<DevBookstore> {
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...env, AUTHOR_PORT: String(authorPort), BOOK_PORT: String(bookPort), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const ended = once(child, 'exit');
  // Compose tells each on a stream of its own.
  const watching = new Promise<void>((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (/watching the sources|Watch enabled/.test(said)) resolve();
      });
    }
  });
  const [authorAddress, bookAddress] = [`127.0.0.1:${authorPort}`, `127.0.0.1:${bookPort}`];
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
  };
  try {
    const early = ended.then(() => Promise.reject(new Error(`${command.join(' ')} ended:\n${said.slice(-2000)}`)));
    await Promise.race([watching, early]);
    await Promise.race([
      Promise.all([authorAddress, bookAddress].map((address) => waitUntilServing(address, BUILD_LIMIT_MS))),
      early,
    ]);
    return { folder, authorAddress, bookAddress, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
