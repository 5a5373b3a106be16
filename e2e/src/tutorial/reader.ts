import { readFileSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '@bookstore/sandbox';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { expect } from 'vitest';
import { root } from '../../../scripts/services.mjs';
import { outputOf } from '../process/output-of.js';
import { newPlace, type Place } from '../start/new-place.js';
import { NpmStart } from '../start/npm-start.js';
import { type Step, stepsOf } from './steps.js';

/** Commands that are not run here, or in another way. */
export interface Exception {
  readonly command: RegExp;
  /** What this machine lacks, where it is not run. */
  readonly lacks?: string;
  readonly run?: (reader: Reader) => Promise<void>;
}

/** The steps of a document, for `test.each`. What is not run is said. */
export function shownSteps(document: string, exceptions: readonly Exception[]) {
  const steps = stepsOf(readFileSync(path.join(root, document), 'utf8'));
  return steps.flatMap((step) => {
    const lacks = step.does === 'run' && exceptions.find(({ command }) => command.test(step.command))?.lacks;
    if (!lacks) return { step, line: step.line, shown: shown(step) };
    console.warn(`${document}:${step.line} is not run, without ${lacks}: ${shown(step)}`);
    return [];
  });
}

const shown = (step: Step): string => {
  if (step.does === 'run') return step.command;
  return step.does === 'write' ? step.file : (/^\+\+\+ b\/(.+)$/m.exec(step.patch)?.[1] ?? '');
};

/** Does what a document says, in a copy of the work tree, beside whichever bookstore runs on the usual ports. */
export class Reader implements AsyncDisposable {
  /** What the calls answered. */
  readonly answers: string[] = [];
  #bookstore: NpmStart | undefined;
  /** Of the author that was created last. */
  #authorId = '';

  private constructor(
    private readonly exceptions: readonly Exception[],
    private readonly copy: WorkTreeCopy,
    /** Variables of all commands, too. */
    private readonly place: Place,
  ) {}

  static async start(exceptions: readonly Exception[] = []): Promise<Reader> {
    const copy = await WorkTreeCopy.make();
    const { dataDir, env: ports } = await newPlace();
    const project = path.basename(copy.folder).toLowerCase();
    const env = {
      ...ports,
      AWARD_PORT: String(await freePort()),
      COMPOSE_PROJECT_NAME: project,
      IMAGE_PREFIX: project,
      // Of the run that this one is part of.
      E2E_SUITE: '',
    };
    return new Reader(exceptions, copy, { dataDir, env });
  }

  /** The port here of each port that documents show. */
  get ports(): Readonly<Record<string, string | undefined>> {
    const { AUTHOR_PORT, BOOK_PORT, AWARD_PORT } = this.place.env;
    return { 50051: AUTHOR_PORT, 50052: BOOK_PORT, 50053: AWARD_PORT };
  }

  async follow(step: Step): Promise<void> {
    if (step.does === 'write') return this.#write(step.file, step.text);
    if (step.does === 'patch') {
      await this.#write('.git/step.patch', step.patch);
      return this.#run('git apply .git/step.patch');
    }
    const exception = this.exceptions.find(({ command }) => command.test(step.command));
    if (exception?.run) return exception.run(this);
    if (/^npm start\b/.test(step.command)) return this.#start(...step.command.split(' ').slice(3));
    if (step.command === 'npm install') return this.#install();
    if (step.command.startsWith('docker compose up')) await this.#stop();
    return this.#run(this.#here(step.command), step.fails);
  }

  async #write(file: string, text: string): Promise<void> {
    await mkdir(path.join(this.copy.folder, path.dirname(file)), { recursive: true });
    await writeFile(path.join(this.copy.folder, file), text);
  }

  /** Ctrl-C, where one runs, and then from a terminal of its own. */
  async #start(...args: string[]): Promise<void> {
    await this.#stop();
    await this.#run('node scripts/build.mjs');
    this.#bookstore = new NpmStart(this.place, this.copy.folder, undefined, ...args);
    await this.#bookstore.serves();
  }

  async #stop(): Promise<void> {
    await this.#bookstore?.[Symbol.asyncDispose]();
    this.#bookstore = undefined;
  }

  /** The packages of the copy are links, which npm must leave alone: the lockfile, and a link to each new workspace. */
  async #install(): Promise<void> {
    await this.#run('npm install --package-lock-only --ignore-scripts --no-audit --no-fund');
    const { workspaces } = JSON.parse(readFileSync(path.join(this.copy.folder, 'package.json'), 'utf8'));
    for (const workspace of workspaces) {
      const link = path.join(this.copy.folder, 'node_modules/@bookstore', workspace);
      await symlink(`../../${workspace}`, link).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  }

  #here(command: string): string {
    const atPorts = command.replace(/:(5005\d)\//g, (_, port) => `:${this.ports[port]}/`);
    return atPorts.replaceAll('AUTHOR_ID', this.#authorId).replaceAll('.sandbox/', `${this.place.dataDir}/`);
  }

  async #run(command: string, fails?: string): Promise<void> {
    const { status, stdout, stderr } = await outputOf(command, { cwd: this.copy.folder, env: this.place.env });
    if (fails !== undefined) {
      expect(`${stdout}${stderr}`).toContain(fails);
      expect(status).not.toBe(0);
      return;
    }
    expect(status, `${command}\n${stdout}${stderr}`).toBe(0);
    if (command.startsWith('npx buf curl')) this.answers.push(stdout);
    if (command.endsWith('/CreateAuthor')) [, this.#authorId = ''] = /"id": *"(.+?)"/.exec(stdout) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    const { COMPOSE_PROJECT_NAME: project } = this.place.env;
    const images = await outputOf(['docker', 'images', '--quiet', `${project}/*`]);
    if (images.stdout) {
      await outputOf('docker compose down --volumes --timeout 1', { cwd: this.copy.folder, env: this.place.env });
      await outputOf(['docker', 'rmi', '--force', ...new Set(images.stdout.split('\n').filter(Boolean))]);
    }
    await this.copy[Symbol.asyncDispose]();
    await rm(this.place.dataDir, { recursive: true, force: true });
  }
}
