import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chooseContext } from '@bookstore/sandbox/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { authorWithBooks } from '../src/client/samples.js';
import { type InstalledBookstore, newNamespace } from '../src/kubernetes/install-bookstore.js';
import { forwardPort } from '../src/kubernetes/port-forward.js';
import { root } from '../src/root.js';

const readme = readFileSync(path.join(root, 'k8s/README.md'), 'utf8');
const files = [...readme.matchAll(/^kubectl (?:-n bookstore )?apply -f (k8s\/\S+)$/gm)].map(([, file]) => file ?? '');

let bookstore: InstalledBookstore;

beforeAll(async () => {
  bookstore = await newNamespace(await chooseContext(process.env.E2E_CONTEXT));
});
afterAll(() => bookstore?.uninstall());

test('the README applies every exported manifest once', () => {
  const { outputs } = JSON.parse(readFileSync(path.join(root, 'k8s/export.lock.json'), 'utf8')) as {
    outputs: Record<string, string>;
  };
  const exported = Object.keys(outputs).filter((file) => !file.startsWith('k8s/base/'));
  expect([...files].sort()).toEqual(exported.sort());
});

test('applied in its order into an empty namespace, they are a bookstore', { timeout: 300_000 }, async () => {
  for (const file of files) {
    // It makes the namespace `bookstore`, which this machine may be using.
    if (file !== 'k8s/namespace/namespace.yaml') await bookstore.kubectl('apply', '-f', path.join(root, file));
  }
  await bookstore.waitUntilReady();

  const author = await forwardPort(bookstore, 'author-service', 50051);
  const book = await forwardPort(bookstore, 'book-service', 50052);
  const client = connect({ authorAddress: author.address, bookAddress: book.address });
  const stored = await authorWithBooks(client, 2);
  const found = await client.books.getBooksByAuthor({ authorId: stored.author.id });
  expect(found.books).toHaveLength(2);
  client.close();
  author.stop();
  book.stop();
});
