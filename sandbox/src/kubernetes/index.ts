export { chooseContext } from './context.js';
export type { Kubectl } from './kubectl.js';
export { asList, renderWith } from './rendered.js';
