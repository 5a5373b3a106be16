import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startChromium } from '../src/grpcui/chromium.js';
import { GrpcuiPage } from '../src/grpcui/grpcui-page.js';
import { NpmRunGrpcui } from '../src/grpcui/npm-run-grpcui.js';
import { root } from '../src/root.js';
import { newPlace } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

let place: Awaited<ReturnType<typeof newPlace>>;
beforeEach(async () => {
  place = await newPlace();
});
afterEach(() => rm(place.dataDir, { recursive: true, force: true }));

test('a closed bookstore is called by its authority and with a token', async () => {
  await using bookstore = new NpmStart(place, root, 'sandbox/dist/start.js', '--secure');
  await bookstore.serves();
  await using grpcui = await NpmRunGrpcui.in(place);
  const urls = await grpcui.opened();
  const browser = await startChromium();
  try {
    const authors = await GrpcuiPage.open(browser, urls.authors);
    await authors.choose('ListAuthors', 'bookstore.author.v1.ListAuthorsRequest');
    await authors.invoke();
    expect(await authors.response()).toMatchObject({ authors: [] });
  } finally {
    await browser.close();
  }
});

test('where none runs it says how to start one', async () => {
  const grpcui = await NpmRunGrpcui.in(place);
  expect(await grpcui.ended).toBe(1);
  expect(grpcui.stderr).toContain(
    `no bookstore answers at 127.0.0.1:${place.authorPort} and 127.0.0.1:${place.bookPort}`,
  );
  expect(grpcui.stderr).toContain('npm start');
});

test('a port that is taken is named, and the variable that moves it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const grpcui = await NpmRunGrpcui.in(place, { ports: { author: port } });
  expect(await grpcui.ended).toBe(1);
  expect(grpcui.stderr).toContain(`port ${port} is taken; set AUTHOR_GRPCUI_PORT`);
  server.close();
});
