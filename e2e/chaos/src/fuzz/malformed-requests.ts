import { gzipSync } from 'node:zlib';
import type { Random } from '../random.js';
import type { RawRequest } from './raw-session.js';
import type { ValidRequest } from './valid-requests.js';

const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const MEGABYTE = 1024 * 1024;

type Malform = (valid: ValidRequest, random: Random) => RawRequest;

/** Ways to get a request wrong, by name; how often each is drawn. */
export const malformations: ReadonlyArray<{
  readonly name: string;
  readonly weight: number;
  readonly malform: Malform;
}> = [
  {
    name: 'mutated bytes',
    weight: 50,
    malform: ({ path, bytes }, random) => ({ path, body: frame(mutate(bytes, random)) }),
  },
  {
    name: 'random bytes',
    weight: 10,
    malform: ({ path }, random) => ({ path, body: frame(randomBytes(random, 1 + random.below(400))) }),
  },
  {
    name: 'truncated message',
    weight: 10,
    malform: ({ path, bytes }, random) => ({ path, body: frame(bytes.subarray(0, random.below(bytes.length + 1))) }),
  },
  {
    name: 'truncated frame',
    weight: 5,
    malform: ({ path, bytes }, random) => ({ path, body: frame(bytes).subarray(0, random.below(bytes.length + 5)) }),
  },
  {
    name: 'two messages',
    weight: 3,
    malform: ({ path, bytes }) => ({ path, body: Buffer.concat([frame(bytes), frame(bytes)]) }),
  },
  {
    name: 'deep nesting',
    weight: 3,
    malform: ({ path }, random) => ({ path, body: frame(Buffer.alloc(1000 * (1 + random.below(200)), 0x7b)) }),
  },
  {
    name: 'huge length prefix',
    weight: 4,
    malform: ({ path, bytes }, random) => ({ path, body: frame(bytes, 0, 2 ** 31 + random.below(2 ** 31)) }),
  },
  {
    name: 'oversize message',
    weight: 1,
    malform: ({ path }, random) => ({ path, body: frame(Buffer.alloc(MEGABYTE + random.below(MEGABYTE), 1)) }),
  },
  {
    name: 'gzip bomb',
    weight: 1,
    malform: ({ path }) => ({ path, body: frame(BOMB, 1), headers: { 'grpc-encoding': 'gzip' } }),
  },
  {
    name: 'broken compression',
    weight: 4,
    malform: ({ path, bytes }, random) => ({
      path,
      body: frame(bytes, 1),
      headers: random.chance(0.7) ? { 'grpc-encoding': random.pick(['gzip', 'deflate', 'identity']) } : {},
    }),
  },
  {
    name: 'unknown compression',
    weight: 2,
    malform: ({ path, bytes }) => ({ path, body: frame(bytes, 1), headers: { 'grpc-encoding': 'snappy' } }),
  },
  {
    name: 'wrong path',
    weight: 5,
    malform: ({ path, bytes }, random) => ({
      path: random.pick(['/', '//', `${path}x`, path.toLowerCase(), '/a/b/c', `${path}?x=1`, '/bookstore/..', '/%00']),
      body: frame(bytes),
    }),
  },
  {
    name: 'wrong content type',
    weight: 1,
    malform: ({ path, bytes }) => ({ path, body: frame(bytes), headers: { 'content-type': 'application/json' } }),
  },
  {
    name: 'oversize metadata',
    weight: 2,
    malform: ({ path, bytes }, random) => ({
      path,
      body: frame(bytes),
      headers: { 'x-large': 'x'.repeat(17_000 + random.below(100_000)) },
    }),
  },
  {
    name: 'broken metadata',
    weight: 3,
    malform: ({ path, bytes }, random) => ({
      path,
      body: frame(bytes),
      headers: random.pick([
        { 'grpc-timeout': 'soon' },
        { 'grpc-timeout': '-1S' },
        { 'grpc-timeout': '99999999999H' },
        { 'x-broken-bin': '\u007f!!!' },
        { 'x-request-id': 'a\tb' },
      ]),
    }),
  },
];

/** One request that is wrong in one of these ways. */
export function malformedRequest(valid: ValidRequest, random: Random): { kind: string; request: RawRequest } {
  let draw = random.below(malformations.reduce((sum, { weight }) => sum + weight, 0));
  for (const { name, weight, malform } of malformations) {
    draw -= weight;
    if (draw < 0) return { kind: name, request: malform(valid, random) };
  }
  throw new Error('weights that do not add up');
}

/** gRPC's length-prefixed message. */
function frame(message: Uint8Array, compressed = 0, length = message.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

function mutate(bytes: Buffer, random: Random): Buffer {
  let mutated = Buffer.from(bytes);
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(mutated.length + 1);
    const way = random.below(4);
    if (way === 0 && at < mutated.length) mutated[at] = (mutated[at] as number) ^ (1 << random.below(8));
    else if (way === 1)
      mutated = Buffer.concat([
        mutated.subarray(0, at),
        randomBytes(random, 1 + random.below(8)),
        mutated.subarray(at),
      ]);
    else if (way === 2) mutated = Buffer.concat([mutated.subarray(0, at), mutated.subarray(at + 1 + random.below(8))]);
    else mutated = Buffer.concat([mutated, mutated.subarray(random.below(mutated.length + 1))]);
  }
  return mutated;
}

const randomBytes = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));
