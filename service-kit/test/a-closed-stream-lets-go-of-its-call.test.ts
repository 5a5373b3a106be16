import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { releaseClosedStreams } from '../src/server/release-closed-streams.js';

test.for(['answered', 'cancelled by its client'])('once it is %s, and all have heard of its end', async (how) => {
  const server = createServer();
  releaseClosedStreams(server);
  const told = { ofClose: vi.fn(), ofCloseOnce: vi.fn(), ofData: vi.fn() };
  const streams: ServerHttp2Stream[] = [];
  server.on('stream', (stream) => {
    streams.push(stream);
    stream.on('data', told.ofData).on('close', told.ofClose).once('close', told.ofCloseOnce).on('error', vi.fn());
    if (how === 'answered') stream.respond({ ':status': 200 }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const request = session.request({ ':method': 'POST' }).resume();
  if (how === 'answered') {
    request.end('a request');
    await once(request, 'close');
  } else {
    request.write('half a request');
    await vi.waitFor(() => expect(told.ofData).toHaveBeenCalled());
    request.close();
  }

  await vi.waitFor(() => expect(streams[0]?.eventNames()).toEqual(['error']));
  expect(told.ofClose).toHaveBeenCalledOnce();
  expect(told.ofCloseOnce).toHaveBeenCalledOnce();
  // An error that comes later still than that ends no process.
  expect(() => streams[0]?.emit('error', new Error('late'))).not.toThrow();
  session.destroy();
  server.close();
});
