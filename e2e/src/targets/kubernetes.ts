import { installBookstore } from '../kubernetes/namespace.js';
import { forwardPorts } from '../kubernetes/port-forward.js';
import type { StartedTarget } from './target.js';

/** The docker-desktop overlay in a namespace of its own, reached by port-forwards. */
export async function startKubernetes(): Promise<StartedTarget> {
  const namespace = await installBookstore();
  const { authorAddress, bookAddress, stop } = await forwardPorts(namespace);
  return {
    name: 'kubernetes',
    authorAddress,
    bookAddress,
    namespace: namespace.name,
    stop: async () => {
      stop();
      await namespace.delete();
    },
  };
}
