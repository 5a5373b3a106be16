import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import type { Bookstore } from '../src/client/connect.js';
import { anAuthor } from '../src/client/samples.js';

/** Has the message that the tests edit. */
export const AUTHOR = 'author-service/src/authors/author.ts';

/**
 * Replaces a piece of a file, as somebody who saves it in an editor.
 *
 * @throws Error when the file does not have it
 */
export async function edit(folder: string, file: string, piece: string, by: string): Promise<void> {
  const name = path.join(folder, file);
  const text = await readFile(name, 'utf8');
  if (!text.includes(piece)) throw new Error(`${file} has no ${piece}`);
  await writeFile(
    name,
    text.replace(piece, () => by),
  );
}

/** The author service's message for an author that does not exist. */
export const notFoundMessage = ({ authors }: Bookstore): Promise<string> =>
  authors.getAuthor({ id: randomUUID() }).then(
    () => 'an author',
    (error: { details: string }) => error.details,
  );

/** A new column of authors in the schema, and its migration. */
export async function addColumn(folder: string): Promise<void> {
  const migration = path.join(folder, 'author-service/prisma/migrations/20991231000000_nickname');
  await mkdir(migration);
  await writeFile(path.join(migration, 'migration.sql'), 'ALTER TABLE authors ADD COLUMN nickname text;\n');
  const column = '  email           String\n';
  await edit(folder, 'author-service/prisma/schema.prisma', column, `${column}  nickname        String?\n`);
}

export async function expectToCreate({ authors }: Bookstore, limit: { readonly timeout: number }): Promise<void> {
  const author = anAuthor();
  await expect.poll(() => authors.createAuthor(author).catch(() => undefined), limit).toMatchObject(author);
}
