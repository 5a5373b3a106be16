import { type HealthCheckResponse, HealthCheckResponse_ServingStatus, HealthClient } from '@bookstore/proto';
import { healthOf } from '@bookstore/sandbox/testing';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, inject, test } from 'vitest';

const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
const { authorAddress, bookAddress } = inject('target');

describe.each([
  { address: authorAddress, service: 'bookstore.author.v1.AuthorService' },
  { address: bookAddress, service: 'bookstore.book.v1.BookService' },
])('$service', ({ address, service: own }) => {
  test.each(['', own, 'liveness'])('is SERVING by the name %j', async (service) => {
    expect(await healthOf(address, service)).toBe('SERVING');
  });

  test('is NOT_FOUND by any other name', async () => {
    expect(await healthOf(address, 'bookstore.Nothing')).toBe('NOT_FOUND');
  });

  test('sends its status to a watcher at once', async () => {
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
