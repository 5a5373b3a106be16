import { ComposeStack } from '../compose/compose-stack.js';
import type { StartedTarget } from './target.js';

/** The repository's compose.yaml, with images that are built first. */
export async function startCompose(): Promise<StartedTarget> {
  const stack = await ComposeStack.in();
  const stop = () => stack[Symbol.asyncDispose]();
  try {
    await stack.compose('up', '--build', '--wait');
  } catch (error) {
    await stop();
    throw error;
  }
  const { project: composeProject, authorAddress, bookAddress } = stack;
  return { name: 'compose', composeProject, authorAddress, bookAddress, stop };
}
