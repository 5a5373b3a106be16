import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ComposeStack } from '../src/compose/compose-stack.js';
import { outputOf } from '../src/process/output-of.js';
import { root } from '../src/root.js';

const OURS = ['author-service', 'author-migrate', 'book-service', 'book-migrate'];

test('our images are built, and no registry is asked for them', { timeout: 900_000 }, async () => {
  const requests: string[] = [];
  // In place of a public registry, which may have other images under these names.
  const registry = createServer(({ url }, response) => {
    requests.push(`${url}`);
    response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
  const prefix = `127.0.0.1:${(registry.address() as AddressInfo).port}/bookstore`;
  const tag = randomUUID();
  try {
    await using stack = await ComposeStack.in(root, { IMAGE_PREFIX: prefix, IMAGE_TAG: tag });
    await stack.compose('create');
    await stack.compose('pull', ...OURS);
    expect(requests).toEqual([]);
  } finally {
    registry.close();
    await outputOf(['docker', 'image', 'rm', `${prefix}/author-service:${tag}`, `${prefix}/book-service:${tag}`]);
  }
});
