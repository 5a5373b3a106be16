import { type HealthCheckResponse, HealthCheckResponse_ServingStatus, HealthClient } from '@bookstore/proto';
import { failureOf, promiseClient } from '@bookstore/sandbox/testing';
import { credentials } from '@grpc/grpc-js';
import { afterAll, describe, expect, inject, test } from 'vitest';

const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
const { authorAddress, bookAddress } = inject('target');

describe.each([
  { address: authorAddress, service: 'bookstore.author.v1.AuthorService' },
  { address: bookAddress, service: 'bookstore.book.v1.BookService' },
])('$service', ({ address, service: own }) => {
  const health = promiseClient(HealthClient, address);
  afterAll(() => health.close());

  test.each(['', own, 'liveness'])('is SERVING by the name %j', async (service) => {
    expect(await health.check({ service })).toEqual({ status: SERVING });
  });

  test('knows no other name', async () => {
    expect(await failureOf(health.check({ service: 'bookstore.Nothing' }))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('tells a watcher at once', async () => {
    expect(await firstOfWatch(address, own)).toEqual({ status: SERVING });
    expect(await firstOfWatch(address, 'bookstore.Nothing')).toEqual({ status: SERVICE_UNKNOWN });
  });
});

function firstOfWatch(address: string, service: string): Promise<HealthCheckResponse> {
  const client = new HealthClient(address, credentials.createInsecure());
  const watch = client.watch({ service });
  return new Promise<HealthCheckResponse>((resolve, reject) => {
    watch.on('data', resolve).on('error', reject);
  }).finally(() => {
    watch.removeAllListeners('error').on('error', () => {}); // its own cancellation
    watch.cancel();
    client.close();
  });
}
