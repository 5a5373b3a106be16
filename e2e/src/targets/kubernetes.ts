import { installBookstore } from '../kubernetes/install-bookstore.js';
import { forwardPort } from '../kubernetes/port-forward.js';
import type { StartedTarget } from './target.js';

/**
 * The docker-desktop overlay in a namespace of its own, on the cluster that E2E_CONTEXT names, else on kubectl's current
 * one if that is local. The cluster must have the images.
 */
export async function startKubernetes(): Promise<StartedTarget> {
  const bookstore = await installBookstore();
  const author = await forwardPort(bookstore, 'author-service', 50051);
  const book = await forwardPort(bookstore, 'book-service', 50052);
  return {
    name: 'kubernetes',
    authorAddress: author.address,
    bookAddress: book.address,
    namespace: bookstore.namespace,
    stop: async () => {
      author.stop();
      book.stop();
      await bookstore.uninstall();
    },
  };
}
