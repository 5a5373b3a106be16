export { chooseContext } from './context.js';
export { putSecrets } from './credentials.js';
export type { Kubectl } from './kubectl.js';
export { renderWith } from './rendered.js';
export { rollOut } from './roll-out.js';
