import { AuthorServiceClient, AuthorServiceService } from '@bookstore/proto';
import { failureOf, promiseClient, refuse, startPeer } from '@bookstore/sandbox/testing';
import { channelOptions } from '@bookstore/service-kit';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';

test('while a service fails every call, its clients send at most 10 % more calls', async () => {
  const peer = await startPeer({ getAuthor: AuthorServiceService.getAuthor }, refuse(status.UNAVAILABLE));
  const idempotent = [{ service: 'bookstore.author.v1.AuthorService', method: 'GetAuthor' }];
  const client = promiseClient(AuthorServiceClient, peer.address, channelOptions(idempotent));
  try {
    const calls = Array.from({ length: 200 }, () => failureOf(client.getAuthor({ id: '7' })));
    for (const failure of await Promise.all(calls)) expect(failure).toMatchObject({ code: 'UNAVAILABLE' });
    expect(peer.received.length).toBeLessThanOrEqual(1.1 * calls.length);
  } finally {
    client.close();
    peer.stop();
  }
});
