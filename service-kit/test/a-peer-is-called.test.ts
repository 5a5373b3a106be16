import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Author, AuthorServiceClient, AuthorServiceService, type GetAuthorRequest } from '@bookstore/proto';
import { type Peer, refuse, silence, startPeer } from '@bookstore/sandbox/testing';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Call, runForCall } from '../src/call/call.js';
import { callPeer } from '../src/client/call-peer.js';
import { channelOptions, targetOf } from '../src/client/channel-options.js';
import { someone } from './controlled-service.js';

let peer: Peer<GetAuthorRequest, Author>;
let client: AuthorServiceClient;
let patientClient: AuthorServiceClient;
beforeAll(async () => {
  peer = await startPeer<GetAuthorRequest, Author>({ getAuthor: AuthorServiceService.getAuthor }, someone);
  const idempotent = [{ service: 'bookstore.author.v1.AuthorService', method: 'GetAuthor' }];
  client = connect(channelOptions([]));
  patientClient = connect(channelOptions(idempotent));
});
afterAll(() => {
  client?.close();
  patientClient?.close();
  peer?.stop();
});
beforeEach(() => {
  peer.answer = someone;
  peer.received.length = 0;
});

const connect = (options: object) =>
  new AuthorServiceClient(targetOf(peer.address), credentials.createInsecure(), options);
const ask = (from = client, deadlineMs = 5_000) => callPeer(from.getAuthor.bind(from), { id: '7' }, deadlineMs);

function callThat({ endsIn = Number.POSITIVE_INFINITY, signal = new AbortController().signal } = {}): Call {
  return {
    method: 'x',
    requestId: 'request-7',
    identity: { kind: 'anonymous', name: 'x' },
    deadline: Date.now() + endsIn,
    get ended() {
      return signal.aborted || Date.now() >= this.deadline;
    },
    signal,
  };
}

test('the answer comes back', async () => {
  expect(await ask()).toMatchObject({ id: '7' });
});

describe('for a call', () => {
  test('its request id travels, and what is left of its deadline', async () => {
    await runForCall(callThat({ endsIn: 3_000 }), () => ask());
    expect(peer.received[0]?.metadata.get('x-request-id')).toEqual(['request-7']);
    expect(peer.received[0]?.deadline).toBeLessThanOrEqual(Date.now() + 3_000);
  });

  test('of a caller who waits for ever, no longer than the deadline for peers', async () => {
    await runForCall(callThat(), () => ask(client, 3_000));
    expect(peer.received[0]?.deadline).toBeLessThanOrEqual(Date.now() + 3_000);
  });

  test('that has ended nothing is sent', async () => {
    await expect(runForCall(callThat({ signal: AbortSignal.abort() }), () => ask())).rejects.toMatchObject({
      reason: 'CALL_ENDED',
    });
    expect(peer.received).toEqual([]);
  });

  test('that ends meanwhile, nobody waits any longer', async () => {
    peer.answer = silence;
    const gone = new AbortController();
    const answer = runForCall(callThat({ signal: gone.signal }), () => ask());
    await expect.poll(() => peer.received.length).toBe(1);
    gone.abort();
    await expect(answer).rejects.toMatchObject({ reason: 'CALL_ENDED' });
  });

  test('whose own deadline passes, that is how it ends', async () => {
    peer.answer = silence;
    await expect(runForCall(callThat({ endsIn: 100 }), () => ask())).rejects.toMatchObject({
      reason: 'DEADLINE_PASSED',
    });
  });
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

test('a peer that says nothing is given up at the deadline', async () => {
  peer.answer = silence;
  await expect(ask(client, 100)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

test('an unavailable peer is asked again where the method is idempotent, and once where it is not', async () => {
  let failures = 2;
  peer.answer = (request) => (failures-- > 0 ? refuse(status.UNAVAILABLE)() : someone(request));
  expect(await ask(patientClient)).toMatchObject({ id: '7' });
  expect(peer.received).toHaveLength(3);

  peer.received.length = 0;
  peer.answer = refuse(status.UNAVAILABLE);
  await expect(ask(client)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  expect(peer.received).toHaveLength(1);
});

test('a session that was lost is no failure of the peer: it is asked once more', async () => {
  peer.answer = refuse(status.INTERNAL, 'Received RST_STREAM with code 2: Session closed');
  await expect(ask()).rejects.toMatchObject({ code: status.INTERNAL });
  expect(peer.received).toHaveLength(2);

  peer.received.length = 0;
  peer.answer = refuse(status.INTERNAL, 'internal error');
  await expect(ask()).rejects.toMatchObject({ code: status.INTERNAL });
  expect(peer.received).toHaveLength(1);
});

test.each([
  ['book-service:50062', 'dns:///book-service:50062'],
  ['127.0.0.1:1', 'dns:///127.0.0.1:1'],
  ['[::1]:1', 'dns:///[::1]:1'],
  ['dns:///a:1', 'dns:///a:1'],
  ['dns:a:1', 'dns:a:1'],
  ['ipv4:1.2.3.4:5', 'ipv4:1.2.3.4:5'],
  ['unix:/run/x', 'unix:/run/x'],
])('the address %s is the target %s', (address, target) => {
  expect(targetOf(address)).toBe(target);
});
