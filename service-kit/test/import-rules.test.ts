import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIOME = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@biomejs/biome/package.json')),
  'bin/biome',
);
const SERVICES = ['author-service', 'book-service'];

/** Files of a service, and what they must not import. SIBLING is the other service. */
const FORBIDDEN: Record<string, string[]> = {
  'main.ts': ['@bookstore/SIBLING', '../../SIBLING/src/app.module.js', '@bookstore/sandbox/testing'],
  'authors/author.ts': ['zod', '@nestjs/common', '@bookstore/proto', './authors.repository.js', 'node:fs'],
  'books/book.ts': ['zod', '../prisma.service.js', '../author-references/closing.js'],
  'books-client/books-client.ts': ['@bookstore/proto', '@grpc/grpc-js', '../authors/authors.service.js'],
  'authors-client/authors-client.ts': ['@bookstore/proto', './grpc-authors-client.js'],
  'authors/authors.controller.ts': ['../prisma.service.js', '@prisma/client', 'pg', '@bookstore/SIBLING'],
  'authors/authors.service.ts': ['@bookstore/proto', '@grpc/grpc-js', './authors.controller.js', 'pg'],
  'authors/requests.ts': ['@grpc/grpc-js', './authors.controller.js', 'pg'],
  'authors/authors.repository.ts': ['@bookstore/proto', './authors.service.js', 'pg', '@prisma/adapter-pg'],
  'books-client/grpc-books-client.ts': ['../authors/authors.service.js', '../prisma.service.js', 'pg'],
  'prisma.service.ts': ['@bookstore/proto', './authors/authors.repository.js', 'pg'],
};

/** Files of a service, and what they may import. */
const ALLOWED: Record<string, string[]> = {
  'app.module.ts': ['./authors/authors.repository.js', './books-client/grpc-books-client.js', './prisma.service.js'],
  'author-service.ts': ['@bookstore/proto', '@bookstore/service-kit', './app.module.js'],
  'authors/authors.controller.ts': ['@bookstore/proto', './author.js', './authors.service.js', './requests.js'],
  'authors/authors.service.ts': ['./author.js', './authors.repository.js', '../books-client/books-client.js'],
  'authors/authors.repository.ts': ['./author.js', '../prisma.service.js', '../generated/prisma/client.js'],
  'books-client/books-client.ts': ['../authors/author.js'],
  'books-client/grpc-books-client.ts': ['@bookstore/proto', '@grpc/grpc-js', './books-client.js'],
  'authors/author.ts': ['@bookstore/service-kit'],
  'authors/requests.ts': ['@bookstore/proto', '@bookstore/service-kit', 'zod', './author.js'],
  'prisma.service.ts': ['./generated/prisma/client.js', '@bookstore/service-kit'],
};

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'imports-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The number of imports that the lint rules refuse in these files. */
async function refused(name: string, files: Record<string, string[]>): Promise<Record<string, number>> {
  const cwd = path.join(scratch, name);
  for (const [file, imports] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(cwd, file)), { recursive: true });
    await writeFile(path.join(cwd, file), imports.map((target) => `import '${target}';\n`).join(''));
  }
  for (const config of ['biome.json', 'biome.imports.json']) await cp(path.join(ROOT, config), path.join(cwd, config));
  const rule = '--only=style/noRestrictedImports';
  const args = [BIOME, 'lint', rule, '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 2 ** 24 }, (_error, stdout) => resolve(stdout));
  });
  const counts: Record<string, number> = {};
  for (const { location } of JSON.parse(output).diagnostics) counts[location.path] = (counts[location.path] ?? 0) + 1;
  return counts;
}

/** The files in both services. */
const inServices = (files: Record<string, string[]>) =>
  Object.fromEntries(
    SERVICES.flatMap((service) =>
      Object.entries(files).map(([file, imports]) => {
        const sibling = SERVICES.find((other) => other !== service) ?? '';
        return [`${service}/src/${file}`, imports.map((target) => target.replace('SIBLING', sibling))] as const;
      }),
    ),
  );

test('imports that point outwards are refused', async () => {
  const files = inServices(FORBIDDEN);
  const expected = Object.entries(files).map(([file, imports]) => [file, imports.length]);
  expect(await refused('outwards', files)).toEqual(Object.fromEntries(expected));
});

test('imports that point inwards are allowed', async () => {
  expect(await refused('inwards', inServices(ALLOWED))).toEqual({});
});

test('the kit and the contract import no service', async () => {
  const imports = ['@bookstore/author-service', '@bookstore/sandbox/testing'];
  const files = { 'proto/src/index.ts': imports, 'service-kit/src/index.ts': imports };
  expect(await refused('kit', files)).toEqual({ 'proto/src/index.ts': 2, 'service-kit/src/index.ts': 2 });
});
