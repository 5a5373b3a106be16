import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ServiceName } from './contenders.js';

/** What the image of a service runs: the arguments of its Node, in the repository's root. */
export function imageCommand(root: string, service: ServiceName): string[] {
  return commandOf(readFileSync(path.join(root, service, 'Dockerfile'), 'utf8'));
}

/** @throws Error when the last command of the Dockerfile does not run Node */
export function commandOf(dockerfile: string): string[] {
  const [, json = '[]'] = [...dockerfile.matchAll(/^CMD (\[.*\])$/gm)].at(-1) ?? [];
  const [program, ...args] = JSON.parse(json) as string[];
  if (program !== 'node') throw new Error('the image runs something else than node');
  return args;
}

/** The options for Node that the images of both services set. */
export function imageOptions(root: string): string {
  const dockerfile = readFileSync(path.join(root, 'author-service', 'Dockerfile'), 'utf8');
  return /^ENV NODE_OPTIONS=(.*)$/m.exec(dockerfile)?.[1] ?? '';
}
