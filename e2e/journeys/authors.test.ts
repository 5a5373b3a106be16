import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor, authorWithBooks } from '../src/client/samples.js';

const bookstore = connect();
const { authors, books } = bookstore;
afterAll(() => bookstore.close());

test('an author is created, read, updated and deleted', async () => {
  const author = await authors.createAuthor(anAuthor());
  expect(await authors.getAuthor({ id: author.id })).toEqual(author);
  expect(await authors.updateAuthor({ id: author.id, name: 'Mary Wollstonecraft Shelley' })).toMatchObject({
    success: true,
  });
  expect(await authors.getAuthor({ id: author.id })).toEqual({ ...author, name: 'Mary Wollstonecraft Shelley' });
  expect(await authors.deleteAuthor({ id: author.id })).toEqual({ success: true, message: expect.any(String) });
  expect(await failureOf(authors.getAuthor({ id: author.id }))).toMatchObject({
    code: 'NOT_FOUND',
    reason: 'AUTHOR_NOT_FOUND',
  });
});

test('an author with books is not deleted until the books are', async () => {
  const { author, books: two } = await authorWithBooks(bookstore, 2);
  expect(await failureOf(authors.deleteAuthor({ id: author.id }))).toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'AUTHOR_HAS_BOOKS',
    metadata: { book_count: '2' },
  });
  expect(await authors.getAuthor({ id: author.id })).toEqual(author);
  for (const { id } of two) await books.deleteBook({ id });
  expect(await authors.deleteAuthor({ id: author.id })).toMatchObject({ success: true });
});

test('an author whose deletion failed can have more books', async () => {
  const { author } = await authorWithBooks(bookstore, 1);
  await failureOf(authors.deleteAuthor({ id: author.id }));
  await books.createBook(aBook({ authorId: author.id }));
  expect((await books.getBooksByAuthor({ authorId: author.id })).books).toHaveLength(2);
});

test('force deletes an author with all their books, and no other book', async () => {
  const [{ author, books: deleted }, other] = [
    await authorWithBooks(bookstore, 3),
    await authorWithBooks(bookstore, 1),
  ];
  expect(await authors.deleteAuthor({ id: author.id, force: true })).toMatchObject({ success: true });
  for (const { id } of deleted) {
    expect(await failureOf(books.getBook({ id }))).toMatchObject({ code: 'NOT_FOUND', reason: 'BOOK_NOT_FOUND' });
  }
  expect((await books.getBooksByAuthor({ authorId: other.author.id })).books).toHaveLength(1);
});

test('a deleted author has no books, gets none, and their e-mail address is free', async () => {
  const author = await authors.createAuthor(anAuthor());
  await authors.deleteAuthor({ id: author.id });
  const notFound = { code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' };
  expect(await failureOf(books.createBook(aBook({ authorId: author.id })))).toMatchObject(notFound);
  expect(await failureOf(books.getBooksByAuthor({ authorId: author.id }))).toMatchObject(notFound);
  const next = await authors.createAuthor(anAuthor({ email: author.email }));
  expect(next.id).not.toBe(author.id);
});
