import { randomUUID } from 'node:crypto';
import type { Author, CreateAuthorRequest, CreateBookRequest } from '@bookstore/proto';
import type { Bookstore } from './connect.js';

/** An address that no other test has. */
export const newEmail = (): string => `${randomUUID()}@example.com`;

/** An author like any other, but for what is said of them. */
export const anAuthor = (known: Partial<CreateAuthorRequest> = {}): Partial<CreateAuthorRequest> => ({
  name: 'Ursula K. Le Guin',
  email: newEmail(),
  ...known,
});

/** A book like any other, but for what is said of it. */
export const aBook = (known: Partial<CreateBookRequest>): Partial<CreateBookRequest> => ({
  title: 'The Dispossessed',
  publishedYear: 1974,
  ...known,
});

/** A new author and as many books of theirs, in the order of their creation. */
export async function authorWithBooks(bookstore: Bookstore, bookCount: number) {
  const author: Author = await bookstore.authors.createAuthor(anAuthor());
  const books = [];
  for (let n = 1; n <= bookCount; n++) {
    books.push(await bookstore.books.createBook(aBook({ authorId: author.id, title: `Book ${n}` })));
  }
  return { author, books };
}
