import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { query } from '@bookstore/sandbox';
import { expect, test } from 'vitest';
import { compareAnswers } from '../src/compare-answers.js';
import { BenchData } from '../src/data.js';
import { operations } from '../src/operations.js';
import { type Peer, startPeer } from '../src/start-peer.js';

test('the peers answer every operation as the bookstore does, and have the same rows then', {
  timeout: 120_000,
}, async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'bookstore-bench-'));
  try {
    await using data = await BenchData.create(scratch, { authors: 20, books: 200 });
    await using bookstore = await startPeer('bookstore', await data.copyFor('bookstore'), {
      settings: { AUTH: 'off' },
    });
    const start = async (name: string) =>
      startPeer(name, await data.copyFor(name, { foreignKey: false }), { peer: name });
    await using pg = await start('pg');
    await using nest = await start('nest-prisma');
    // Together: each request changes all three alike.
    for (const operation of operations.filter(({ openLoop }) => !openLoop)) {
      const requests = await data.requests(operation, 3);
      await compareAnswers(operation, [pg, nest, bookstore], requests);
    }
    const rowsOf = async ({ databases }: Peer) => [
      await query(databases['author-service'], 'SELECT name, email, state FROM authors ORDER BY email'),
      await query(
        databases['book-service'],
        'SELECT title, author_id, published_year FROM books ORDER BY author_id, published_year, title',
      ),
    ];
    const expected = await rowsOf(bookstore);
    expect(await rowsOf(pg)).toEqual(expected);
    expect(await rowsOf(nest)).toEqual(expected);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
