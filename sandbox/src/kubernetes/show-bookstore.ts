import type { Kubectl } from './kubectl.js';
import { namespace } from './paths.js';

const ports = { 'author-service': 50051, 'book-service': 50052 };

/** Shows the pods, and how to reach the services from this machine alone. */
export async function showBookstore(kubectl: Kubectl): Promise<void> {
  await kubectl.show('-n', namespace, 'get', 'pods,services');
  const forward = Object.entries(ports).map(
    ([name, port]) =>
      `  kubectl --context ${kubectl.context} -n ${namespace} port-forward --address 127.0.0.1 service/${name} ${port}:${port}`,
  );
  console.log(`\nTo call it, each in a terminal of its own:\n\n${forward.join('\n')}`);
}
