import { freePort } from '@bookstore/sandbox';
import { expect, test } from 'vitest';
import { ComposeStack } from '../src/compose/compose-stack.js';

test('compose.debug.yaml opens each service to a debugger, on this machine alone', { timeout: 120_000 }, async () => {
  const ports = { 'author-service': await freePort(), 'book-service': await freePort() };
  await using stack = await ComposeStack.in(undefined, {
    COMPOSE_FILE: 'compose.yaml:compose.debug.yaml',
    COMPOSE_PATH_SEPARATOR: ':',
    AUTHOR_INSPECT_PORT: String(ports['author-service']),
    BOOK_INSPECT_PORT: String(ports['book-service']),
  });
  await stack.compose('up', '--wait', '--no-build');
  for (const [service, port] of Object.entries(ports)) {
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as unknown[];
    expect(targets).toEqual([expect.objectContaining({ type: 'node', url: `file:///app/${service}/dist/main.js` })]);
    const { NetworkSettings } = await stack.inspect(service);
    expect(NetworkSettings.Ports['9229/tcp']).toEqual([{ HostIp: '127.0.0.1', HostPort: String(port) }]);
  }
});
