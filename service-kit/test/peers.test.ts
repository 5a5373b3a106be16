import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Author, AuthorServiceClient, AuthorServiceService, type GetAuthorRequest } from '@bookstore/proto';
import { type Peer, refuse, silence, startPeer } from '@bookstore/sandbox/testing';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { runForCall } from '../src/call/call.js';
import { callPeer } from '../src/client/call-peer.js';
import { channelOptions } from '../src/client/channel-options.js';
import { someone } from './controlled-service.js';
import { fakeCall } from './fake-call.js';

let peer: Peer<GetAuthorRequest, Author>;
let client: AuthorServiceClient;
let retryingClient: AuthorServiceClient;
beforeAll(async () => {
  peer = await startPeer<GetAuthorRequest, Author>({ getAuthor: AuthorServiceService.getAuthor }, someone);
  client = connect(channelOptions([]));
  retryingClient = connect(retrying);
});
afterAll(() => {
  client?.close();
  retryingClient?.close();
  peer?.stop();
});
beforeEach(() => {
  peer.answer = someone;
  peer.received.length = 0;
});

const retrying = channelOptions([{ service: 'bookstore.author.v1.AuthorService', method: 'GetAuthor' }]);
const connect = (options: object, to = peer) =>
  new AuthorServiceClient(to.address, credentials.createInsecure(), options);
const ask = (from = client) => callPeer(from.getAuthor.bind(from), { id: '7' });

test('a call to a peer has the request id of the current call, and its deadline where that is earlier', async () => {
  const before = Date.now();
  expect(await runForCall(fakeCall({ deadline: before + 1_000 }), () => ask())).toMatchObject({ id: '7' });
  await runForCall(fakeCall(), () => ask());
  const [first, second] = peer.received;
  expect(first?.metadata.get('x-request-id')).toEqual(['request-7']);
  expect(first?.deadline).toBeLessThanOrEqual(before + 1_050);
  expect(second?.deadline).toBeLessThanOrEqual(Date.now() + 2_050);
});

test('for a call that has ended nothing is sent', async () => {
  const call = fakeCall();
  call.cancel();
  await expect(runForCall(call, () => ask())).rejects.toMatchObject({ reason: 'CALL_ENDED' });
  expect(peer.received).toEqual([]);
});

test('a call that is cancelled or passes its deadline ends the call to the peer', async () => {
  peer.answer = silence;
  const call = fakeCall();
  const cancelled = runForCall(call, () => ask());
  await expect.poll(() => peer.received.length).toBe(1);
  call.cancel();
  await expect(cancelled).rejects.toMatchObject({ reason: 'CALL_ENDED' });

  const late = runForCall(fakeCall({ deadline: Date.now() + 100 }), () => ask());
  await expect(late).rejects.toMatchObject({ reason: 'DEADLINE_PASSED' });
  await expect(ask()).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

test.each(['grpc_proxy', 'https_proxy', 'http_proxy'])('a proxy that %s names is not used', async (variable) => {
  let connections = 0;
  const proxy = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  vi.stubEnv(variable, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  const direct = connect(channelOptions([]));
  try {
    expect(await ask(direct)).toMatchObject({ id: '7' });
    expect(connections).toBe(0);
  } finally {
    vi.unstubAllEnvs();
    direct.close();
    proxy.close();
  }
});

test('a call of an idempotent method is retried while the peer is UNAVAILABLE, another call is not', async () => {
  let failures = 2;
  peer.answer = (request) => (failures-- > 0 ? refuse(status.UNAVAILABLE)() : someone(request));
  expect(await ask(retryingClient)).toMatchObject({ id: '7' });
  expect(peer.received).toHaveLength(3);

  peer.received.length = 0;
  peer.answer = refuse(status.UNAVAILABLE);
  await expect(ask(client)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect(peer.received).toHaveLength(1);
});

test('while a peer fails every call, its clients send at most 10 % more calls', async () => {
  // grpc-js counts by the address.
  const failing = await startPeer<GetAuthorRequest, Author>(
    { getAuthor: AuthorServiceService.getAuthor },
    refuse(status.UNAVAILABLE),
  );
  const failingClient = connect(retrying, failing);
  const calls = await Promise.allSettled(Array.from({ length: 200 }, () => ask(failingClient)));
  expect(calls.filter((call) => call.status === 'fulfilled')).toEqual([]);
  expect(failing.received.length).toBeLessThanOrEqual(1.1 * calls.length);
  failingClient.close();
  failing.stop();
});

test('a call whose connection is lost is retried once, another INTERNAL error is not', async () => {
  peer.answer = refuse(status.INTERNAL, 'Received RST_STREAM with code 2: Session closed');
  await expect(ask()).rejects.toMatchObject({ code: status.INTERNAL });
  expect(peer.received).toHaveLength(2);

  peer.received.length = 0;
  peer.answer = refuse(status.INTERNAL, 'internal error');
  await expect(ask()).rejects.toMatchObject({ code: status.INTERNAL });
  expect(peer.received).toHaveLength(1);
});
