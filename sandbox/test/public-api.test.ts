import { expect, test } from 'vitest';

// JavaScript without types.
const { usesPublicApi, violations } = await import('../../scripts/public-api.mjs' as string);

test('the services and the kit use public API alone', () => {
  expect(usesPublicApi()).toBe(true);
});

test.each([
  ['Object.getOwnPropertySymbols(session)', 'symbols'],
  ['Reflect.ownKeys(session)', 'symbols'],
  ['Server.prototype.start = function () {};', 'prototype'],
  ["Server.prototype['start'] = start;", 'prototype'],
  ['Object.setPrototypeOf(server, other);', 'prototype'],
  ['const { http2Servers } = server as unknown as { http2Servers: Map<object, object> };', 'cast'],
  ['const socket = (client as any).connection;', 'cast'],
  ["setFlagsFromString('--heap-growing-percent=100');", 'flag'],
  ["server.removeAllListeners('stream');", 'listeners'],
  ['kept.add(executionAsyncResource());', 'async_hooks'],
  ["import utils from 'pg/lib/utils.js';", 'deep import: pg/lib/utils.js'],
  ["import { GUARDS_METADATA } from '@nestjs/common/constants.js';", 'deep import'],
  ["import {\n  GUARDS_METADATA,\n} from '@nestjs/common/constants.js';", 'deep import'],
  ["import 'pg/lib/utils.js';", 'deep import'],
  ["const utils = require('pg/lib/utils.js');", 'deep import'],
  ["Object.defineProperty(Server.prototype, 'start', {});", 'prototype'],
  ['const socket = client._socket;', 'private'],
  ["const { x } = await import('@grpc/grpc-js/build/src/server.js');", 'deep import'],
])('%s is found', (line, way) => {
  const text = `const before = 1;\n${line}\n`;
  expect(violations('service-kit/src/planted.ts', text)).toEqual([
    expect.stringMatching(new RegExp(`^service-kit/src/planted.ts:2: .*${way}`)),
  ]);
});

test.each([
  "import { BinaryReader } from '@bufbuild/protobuf/wire';",
  "import { readFileSync } from 'node:fs/promises';",
  "import { DomainError } from '../errors/domain-error.js';",
  'if (example.prototype.method === undefined) return;',
  ' * A comment may say: as unknown as.',
])('%s is not', (line) => {
  expect(violations('service-kit/src/planted.ts', `${line}\n`)).toEqual([]);
});

const { folderCycle, hasNoCycle } = await import('../../scripts/import-cycles.mjs' as string);

test('no folders of the kit import each other in a circle', () => {
  expect(hasNoCycle()).toBe(true);
});

test('a circle of folders is found', () => {
  const sources = new Map([
    ['index.ts', "export { a } from './auth/a.js';\n"],
    ['auth/a.ts', "import type {\n  B,\n} from '../server/b.js';\n"],
    ['server/b.ts', "import { c } from './c.js';\n"],
    ['server/c.ts', "const a = await import('../auth/a.js');\n"],
  ]);
  expect(folderCycle(sources)).toEqual(['auth', 'server', 'auth']);
  sources.delete('server/c.ts');
  expect(folderCycle(sources)).toBeUndefined();
});
