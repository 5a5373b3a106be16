import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { failureOf, promiseClient } from '@bookstore/sandbox/testing';
import type { Edit } from './edits.js';
import type { DevBookstore } from './start-dev.js';

/** Seldom: whoever asks takes from the compiler's time. */
const EVERY_MS = 40;
/** Between two edits: a person does not save again while the process before still ends and the next one gets ready. */
const PAUSE_MS = 3000;
const LIMIT_MS = 120_000;

/**
 * Saves an edit some times, and the file as it was at last.
 *
 * @returns from each save until every service that shows it has answered with it, ms
 * @throws Error when one is not served within 2 minutes
 */
export async function measureEdits(bookstore: DevBookstore, edit: Edit, times: number): Promise<number[]> {
  const file = path.join(bookstore.folder, edit.file);
  const original = readFileSync(file, 'utf8');
  if (!original.includes(edit.piece)) throw new Error(`${edit.file} has no ${edit.piece}`);
  const measured: number[] = [];
  const save = async (number: number) => {
    const mark = ` edit${number} `;
    const savedAt = performance.now();
    writeFileSync(file, original.replace(edit.piece, `${edit.piece}${mark}`));
    await untilServed(bookstore, edit, mark, savedAt + LIMIT_MS);
    const took = performance.now() - savedAt;
    await sleep(PAUSE_MS);
    return took;
  };
  await save(0); // once for what is loaded and cached by the first one
  for (let number = 1; number <= times; number++) measured.push(await save(number));
  writeFileSync(file, original);
  return measured;
}

async function untilServed(bookstore: DevBookstore, edit: Edit, mark: string, until: number): Promise<void> {
  const authors = promiseClient(AuthorServiceClient, bookstore.authorAddress);
  const books = promiseClient(BookServiceClient, bookstore.bookAddress);
  const ask = {
    author: () => authors.getAuthor({ id: randomUUID() }),
    book: () => books.getBook({ id: randomUUID() }),
  };
  try {
    for (const service of edit.seenIn) {
      for (;;) {
        const { message, domain } = await failureOf(ask[service]());
        if (`${message}${domain}`.includes(mark)) break;
        if (performance.now() > until) throw new Error(`${edit.name}: not served`);
        await sleep(EVERY_MS);
      }
    }
  } finally {
    authors.close();
    books.close();
  }
}
