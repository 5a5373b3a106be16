import path from 'node:path';
import { credentialsFolder } from './credentials.js';
import type { Kubectl } from './kubectl.js';
import { namespaceOf, type Overlay, root } from './paths.js';

const ports = { 'author-service': 50051, 'book-service': 50052 };

/** Shows the pods, and how to reach the services from this machine alone. */
export async function showBookstore(kubectl: Kubectl, overlay: Overlay): Promise<void> {
  const namespace = namespaceOf(overlay);
  await kubectl.show('-n', namespace, 'get', 'pods,services');
  const forward = Object.entries(ports).map(
    ([name, port]) =>
      `  kubectl --context ${kubectl.context} -n ${namespace} port-forward --address 127.0.0.1 service/${name} ${port}:${port}`,
  );
  console.log(`\nTo call it, each in a terminal of its own:\n\n${forward.join('\n')}`);
  if (overlay !== 'secure') return;
  const folder = path.relative(root, credentialsFolder(kubectl.context)).replaceAll(path.sep, '/');
  console.log(`\nWith TLS, checked against ${folder}/ca.crt, and a token: CREDENTIALS_DIR=${folder} npm run -s token`);
}
