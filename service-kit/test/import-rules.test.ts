import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const manifest = createRequire(import.meta.url).resolve('@biomejs/biome/package.json');
const BIOME = path.join(path.dirname(manifest), 'bin/biome');
const CONFIGS = ['biome.json', 'biome.imports.json'];

/** What the lint rules refuse, by file. */
function refusedImports(folder: string): Promise<Map<string, number>> {
  const args = [
    'lint',
    '--only=style/noRestrictedImports',
    '--vcs-enabled=false',
    '--reporter=json',
    '--max-diagnostics=none',
  ];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [BIOME, ...args, '.'], { cwd: folder, maxBuffer: 2 ** 24 }, (_error, stdout, stderr) => {
      try {
        const refused = new Map<string, number>();
        for (const { category, location } of JSON.parse(stdout).diagnostics) {
          expect(category).toBe('lint/style/noRestrictedImports');
          refused.set(location.path, (refused.get(location.path) ?? 0) + 1);
        }
        resolve(refused);
      } catch {
        reject(new Error(`biome said no JSON: ${stdout}${stderr}`));
      }
    });
  });
}

const SERVICES = ['author-service', 'book-service'];

/** Files of a service, and what each must not import. */
const forbidden: Record<string, string[]> = {
  'main.ts': [
    '@bookstore/SIBLING',
    '../../SIBLING/src/app.module.js',
    '@bookstore/sandbox',
    '@bookstore/sandbox/testing',
  ],
  'authors/author.ts': [
    'zod',
    '@nestjs/common',
    '@bookstore/proto',
    './authors.repository.js',
    '../settings.js',
    'node:fs',
  ],
  'books/book.ts': ['zod', '../prisma.service.js', '../author-references/closing.js'],
  'books-client/books-client.ts': [
    '@bookstore/proto',
    '@grpc/grpc-js',
    './grpc-books-client.js',
    '../authors/authors.service.js',
  ],
  'authors-client/authors-client.ts': ['@bookstore/proto', '@grpc/grpc-js', './grpc-authors-client.js'],
  'authors/authors.controller.ts': [
    '../prisma.service.js',
    '../generated/prisma/client.js',
    '@prisma/client',
    'pg',
    '../books-client/grpc-books-client.js',
    '@bookstore/SIBLING',
  ],
  'authors/authors.service.ts': [
    '@bookstore/proto',
    '@grpc/grpc-js',
    './authors.controller.js',
    '../prisma.service.js',
    '../generated/prisma/client.js',
    '@prisma/adapter-pg',
    'pg',
    '../books-client/grpc-books-client.js',
    '../../../SIBLING/src/books/book.js',
  ],
  'authors/requests.ts': ['@grpc/grpc-js', './authors.controller.js', 'pg'],
  'authors/authors.repository.ts': [
    '@bookstore/proto',
    '@grpc/grpc-js',
    './authors.controller.js',
    './authors.service.js',
    '../books-client/grpc-books-client.js',
    'pg',
    '@prisma/adapter-pg',
  ],
  'books-client/grpc-books-client.ts': [
    '../authors/authors.controller.js',
    '../authors/authors.service.js',
    '../authors/authors.repository.js',
    '../prisma.service.js',
    'pg',
  ],
  'prisma.service.ts': ['@bookstore/proto', './authors/authors.repository.js', '@grpc/grpc-js', 'pg'],
};

/** Files of a service, and what each may import. */
const allowed: Record<string, string[]> = {
  'app.module.ts': ['./authors/authors.repository.js', './books-client/grpc-books-client.js', './prisma.service.js'],
  'author-service.ts': ['@bookstore/proto', '@bookstore/service-kit', './app.module.js'],
  'authors/authors.controller.ts': ['@bookstore/proto', './author.js', './authors.service.js', './requests.js'],
  'authors/authors.service.ts': ['./author.js', './authors.repository.js', '../books-client/books-client.js'],
  'authors/authors.repository.ts': ['./author.js', '../prisma.service.js', '../generated/prisma/client.js'],
  'books-client/books-client.ts': ['../authors/author.js'],
  'books-client/grpc-books-client.ts': [
    '@bookstore/proto',
    '@grpc/grpc-js',
    './books-client.js',
    '../authors/author.js',
  ],
  'authors/author.ts': ['@bookstore/service-kit'],
  'authors/requests.ts': ['@bookstore/proto', '@bookstore/service-kit', 'zod', './author.js'],
  'prisma.service.ts': ['./generated/prisma/client.js', '@bookstore/service-kit'],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'imports-'));
  for (const config of CONFIGS) await cp(path.join(ROOT, config), path.join(folder, config));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A workspace in which each file imports one thing; its files by what they import. */
async function plant(name: string, imports: Record<string, string[]>): Promise<{ root: string; files: string[] }> {
  const root = path.join(folder, name);
  const files: string[] = [];
  await mkdir(root, { recursive: true });
  for (const config of CONFIGS) await cp(path.join(folder, config), path.join(root, config));
  for (const service of SERVICES) {
    const sibling = SERVICES.find((other) => other !== service) ?? '';
    for (const [file, targets] of Object.entries(imports)) {
      const source = targets.map((target) => `import '${target.replace('SIBLING', sibling)}';\n`).join('');
      const planted = path.join(service, 'src', file);
      await mkdir(path.dirname(path.join(root, planted)), { recursive: true });
      await writeFile(path.join(root, planted), source);
      files.push(planted);
    }
  }
  return { root, files };
}

describe('the lint rules', () => {
  test('refuse each import that points outwards', async () => {
    const { root } = await plant('outwards', forbidden);
    const refused = await refusedImports(root);
    for (const service of SERVICES) {
      for (const [file, targets] of Object.entries(forbidden)) {
        const planted = `${service}/src/${file}`;
        expect([planted, refused.get(planted) ?? 0]).toEqual([planted, targets.length]);
      }
    }
  });

  test('refuse imports of types alike', async () => {
    const { root } = await plant('types', {});
    const file = path.join(root, 'book-service/src/books/book.ts');
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(
      file,
      "import type { Book } from '@bookstore/proto';\nexport type { Book as Other } from '@bookstore/proto';\nexport type B = Book;\n",
    );
    expect((await refusedImports(root)).get('book-service/src/books/book.ts')).toBeGreaterThanOrEqual(1);
  });

  test('let those pass that point inwards', async () => {
    const { root } = await plant('inwards', allowed);
    expect(await refusedImports(root)).toEqual(new Map());
  });

  test('keep the kit and the contract free of the services', async () => {
    const { root } = await plant('kit', {});
    for (const name of ['service-kit', 'proto']) {
      await mkdir(path.join(root, name, 'src'), { recursive: true });
      await writeFile(
        path.join(root, name, 'src/index.ts'),
        "import '@bookstore/author-service';\nimport '@bookstore/sandbox/testing';\n",
      );
    }
    expect(await refusedImports(root)).toEqual(
      new Map([
        ['proto/src/index.ts', 2],
        ['service-kit/src/index.ts', 2],
      ]),
    );
  });
});
