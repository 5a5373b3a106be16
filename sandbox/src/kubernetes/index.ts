export { chooseContext } from './context.js';
export { putSecrets } from './credentials.js';
export type { Kubectl } from './kubectl.js';
export { asList, renderWith } from './rendered.js';
