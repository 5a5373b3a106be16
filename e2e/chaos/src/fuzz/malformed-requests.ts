import { randomBytes, randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { AuthorServiceService, BookServiceService } from '@bookstore/proto';
import { grpcFrame as frame } from '@bookstore/sandbox/testing';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { below, pick } from '../random.js';
import type { RawRequest } from './raw-session.js';

/** A method, and the bytes of a request that it would accept. */
interface ValidRequest {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Values for all field names of the contract. Each message takes those that it has. */
const FIELDS = {
  id: randomUUID(),
  name: 'Ursula K. Le Guin',
  email: 'ursula@example.com',
  title: 'The Left Hand of Darkness',
  authorId: randomUUID(),
  publishedYear: 1969,
  requestId: randomUUID(),
  pageSize: 10,
  pageToken: '',
  force: true,
};

const requestsOf = (service: ServiceDefinition): ValidRequest[] =>
  Object.values(service).map(({ path, requestSerialize }) => ({ path, bytes: requestSerialize(FIELDS) }));

export const authorRequests = requestsOf(AuthorServiceService as ServiceDefinition);
export const bookRequests = requestsOf(BookServiceService as ServiceDefinition);

const MIB = 2 ** 20;
const BOMB = gzipSync(Buffer.alloc(64 * MIB));
const BROKEN_METADATA: readonly OutgoingHttpHeaders[] = [
  { 'grpc-timeout': 'soon' },
  { 'grpc-timeout': '-1S' },
  { 'grpc-timeout': '99999999999H' },
  { 'x-broken-bin': '\u007f!!!' },
  { 'x-request-id': 'a\tb' },
];

const wrongPath = (path: string) =>
  pick(['/', '//', `${path}x`, path.toLowerCase(), '/a/b/c', `${path}?x=1`, '/%00', '/..']);
const encoded = (encoding: string, bytes: Buffer) => ({
  body: frame(bytes, 1),
  headers: { 'grpc-encoding': encoding },
});

type Malform = (valid: ValidRequest) => Partial<RawRequest> & { readonly body: Buffer };

/** Kinds of malformed requests, with how often each is drawn. */
const MALFORMATIONS: Readonly<Record<string, readonly [weight: number, Malform]>> = {
  'mutated bytes': [50, ({ bytes }) => ({ body: frame(mutate(bytes)) })],
  'random bytes': [10, () => ({ body: frame(randomBytes(1 + below(400))) })],
  'truncated message': [10, ({ bytes }) => ({ body: frame(bytes.subarray(0, below(bytes.length + 1))) })],
  'truncated frame': [5, ({ bytes }) => ({ body: frame(bytes).subarray(0, below(bytes.length + 5)) })],
  'two messages': [3, ({ bytes }) => ({ body: Buffer.concat([frame(bytes), frame(bytes)]) })],
  'deep nesting': [3, () => ({ body: frame(Buffer.alloc(1000 * (1 + below(200)), 0x7b)) })],
  'huge length prefix': [4, ({ bytes }) => ({ body: frame(bytes, 0, 2 ** 31 + below(2 ** 31)) })],
  'oversize message': [1, () => ({ body: frame(Buffer.alloc(MIB + below(MIB), 1)) })],
  'gzip bomb': [1, () => encoded('gzip', BOMB)],
  'broken compression': [3, ({ bytes }) => encoded(pick(['gzip', 'deflate', 'identity']), bytes)],
  'compression without a name': [1, ({ bytes }) => ({ body: frame(bytes, 1) })],
  'unknown compression': [2, ({ bytes }) => encoded('snappy', bytes)],
  'wrong path': [5, ({ path, bytes }) => ({ body: frame(bytes), path: wrongPath(path) })],
  'wrong content type': [1, ({ bytes }) => ({ body: frame(bytes), headers: { 'content-type': 'application/json' } })],
  'oversize metadata': [
    2,
    ({ bytes }) => ({ body: frame(bytes), headers: { 'x-large': 'x'.repeat(17_000 + below(100_000)) } }),
  ],
  'broken metadata': [3, ({ bytes }) => ({ body: frame(bytes), headers: pick(BROKEN_METADATA) })],
};

const drawn = Object.entries(MALFORMATIONS).flatMap(([kind, [weight, malform]]) =>
  Array.from({ length: weight }, () => [kind, malform] as const),
);

/** Makes a valid request malformed in one of these ways. */
export function malformedRequest(valid: ValidRequest): { kind: string; request: RawRequest } {
  const [kind, malform] = pick(drawn);
  return { kind, request: { path: valid.path, ...malform(valid) } };
}

/** Replaces, inserts, removes or repeats some bytes, once or more. */
function mutate(bytes: Buffer): Buffer {
  const mutated = [...bytes];
  for (let times = 1 + below(4); times > 0; times--) {
    const inserted = pick([randomBytes(below(8)), bytes.subarray(below(bytes.length + 1))]);
    mutated.splice(below(mutated.length + 1), below(8), ...inserted);
  }
  return Buffer.from(mutated);
}
