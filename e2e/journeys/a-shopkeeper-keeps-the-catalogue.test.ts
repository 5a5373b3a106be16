import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { aBook, anAuthor, authorWithBooks, newEmail } from '../src/client/samples.js';

const bookstore = connect();
const { authors, books } = bookstore;
afterAll(() => bookstore.close());

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('an author and their books are added, found, changed and removed', async () => {
  const email = newEmail();
  const author = await authors.createAuthor({ name: '  Mary Shelley ', email });
  expect(author).toEqual({
    id: expect.stringMatching(UUID_7),
    name: 'Mary Shelley',
    email,
    createdAt: expect.stringMatching(RFC_3339),
  });
  expect(await authors.getAuthor({ id: author.id })).toEqual(author);

  const book = await books.createBook({ title: 'Frankenstien', authorId: author.id, publishedYear: 1818 });
  expect(book).toEqual({
    id: expect.stringMatching(UUID_7),
    title: 'Frankenstien',
    authorId: author.id,
    publishedYear: 1818,
    createdAt: expect.stringMatching(RFC_3339),
  });
  expect(await books.getBook({ id: book.id })).toEqual(book);

  expect(await books.updateBook({ id: book.id, title: 'Frankenstein' })).toEqual({
    success: true,
    message: expect.any(String),
  });
  const corrected = { ...book, title: 'Frankenstein' };
  expect(await books.getBook({ id: book.id })).toEqual(corrected);

  const { id, title, publishedYear, createdAt } = corrected;
  expect(await books.getBooksByAuthor({ authorId: author.id })).toEqual({
    books: [{ id, title, publishedYear, createdAt }],
    nextPageToken: '',
  });

  expect(await authors.updateAuthor({ id: author.id, name: 'Mary Wollstonecraft Shelley' })).toMatchObject({
    success: true,
  });
  expect(await authors.getAuthor({ id: author.id })).toEqual({ ...author, name: 'Mary Wollstonecraft Shelley' });

  expect(await books.deleteBook({ id: book.id })).toEqual({ success: true, message: expect.any(String) });
  expect(await failureOf(books.getBook({ id: book.id }))).toMatchObject({ code: 'NOT_FOUND' });
  expect(await authors.deleteAuthor({ id: author.id })).toEqual({ success: true, message: expect.any(String) });
  expect(await failureOf(authors.getAuthor({ id: author.id }))).toMatchObject({ code: 'NOT_FOUND' });
});

test('an author with books stays until the books are gone', async () => {
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

test('an author whose deletion was refused may have more books', async () => {
  const { author } = await authorWithBooks(bookstore, 1);
  await failureOf(authors.deleteAuthor({ id: author.id }));
  await books.createBook(aBook({ authorId: author.id }));
  expect((await books.getBooksByAuthor({ authorId: author.id })).books).toHaveLength(2);
});

test('force removes an author with all their books, and nobody else', async () => {
  const [{ author, books: gone }, other] = [await authorWithBooks(bookstore, 3), await authorWithBooks(bookstore, 1)];
  expect(await authors.deleteAuthor({ id: author.id, force: true })).toMatchObject({ success: true });
  for (const { id } of gone) {
    expect(await failureOf(books.getBook({ id }))).toMatchObject({ code: 'NOT_FOUND', reason: 'BOOK_NOT_FOUND' });
  }
  expect((await books.getBooksByAuthor({ authorId: other.author.id })).books).toHaveLength(1);
});

test('a removed author gets no books, lists none, and frees the e-mail address', async () => {
  const author = await authors.createAuthor(anAuthor());
  await authors.deleteAuthor({ id: author.id });
  const notFound = { code: 'NOT_FOUND', reason: 'AUTHOR_NOT_FOUND' };
  expect(await failureOf(books.createBook(aBook({ authorId: author.id })))).toMatchObject(notFound);
  expect(await failureOf(books.getBooksByAuthor({ authorId: author.id }))).toMatchObject(notFound);
  const successor = await authors.createAuthor(anAuthor({ email: author.email }));
  expect(successor.id).not.toBe(author.id);
});

test('an author without books has an empty list', async () => {
  const { id } = await authors.createAuthor(anAuthor());
  expect(await books.getBooksByAuthor({ authorId: id })).toEqual({ books: [], nextPageToken: '' });
});
