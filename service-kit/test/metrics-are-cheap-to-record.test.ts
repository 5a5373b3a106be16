import { status } from '@grpc/grpc-js';
import type { Attributes } from '@opentelemetry/api';
import { metrics } from '@opentelemetry/sdk-node';
import { expect, test } from 'vitest';
import { rpcAttributes } from '../src/telemetry/conventions.js';
import { lasting } from '../src/telemetry/lasting-attributes.js';

/** A histogram of the SDK, and the points that it would export. */
function histogram() {
  const reader = new (class extends metrics.MetricReader {
    async onForceFlush() {}
    async onShutdown() {}
  })();
  const provider = new metrics.MeterProvider({ readers: [reader] });
  const points = async () => (await reader.collect()).resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints;
  return { made: provider.getMeter('test').createHistogram('duration'), points };
}

test('the SDK looks at attributes that last but once, and counts them with their equals', async () => {
  const { made, points } = histogram();
  let looks = 0;
  const ownKeys = (target: object) => {
    looks++;
    return Reflect.ownKeys(target);
  };
  const attributes = lasting(new Proxy<Attributes>({ method: 'GetAuthor' }, { ownKeys }));
  const before = looks;
  for (let times = 0; times < 100; times++) made.record(1, attributes);
  expect(looks).toBe(before);
  made.record(1, { method: 'GetAuthor' });
  made.record(1, { method: 'ListAuthors' });
  expect(await points()).toMatchObject([
    { attributes: { method: 'GetAuthor' }, value: { count: 101 } },
    { attributes: { method: 'ListAuthors' }, value: { count: 1 } },
  ]);
});

test('a method has one object of attributes for each status', () => {
  const method = '/bookstore.author.v1.AuthorService/GetAuthor';
  expect(rpcAttributes(method, status.OK)).toBe(rpcAttributes(method, status.OK));
  expect(rpcAttributes(method)).toEqual({ 'rpc.system.name': 'grpc', 'rpc.method': method.slice(1) });
  expect(rpcAttributes(method, status.NOT_FOUND)).toEqual({
    ...rpcAttributes(method),
    'rpc.response.status_code': 'NOT_FOUND',
    'error.type': 'NOT_FOUND',
  });
});
