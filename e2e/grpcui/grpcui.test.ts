import { expect, inject, test } from 'vitest';
import { anAuthor } from '../src/client/samples.js';
import { Grpcui } from '../src/grpcui.js';

const { authorAddress, bookAddress } = inject('target');

// Without .proto files: all that grpcui knows comes from reflection.
test('grpcui shows both services with their comments, and calls them', async () => {
  await using authors = await Grpcui.start(authorAddress);
  await using books = await Grpcui.start(bookAddress);
  expect(await authors.page()).toContain('<option value="bookstore.author.v1.AuthorService">');
  expect(await books.page()).toContain('<option value="bookstore.book.v1.BookService">');
  expect(await books.form('bookstore.book.v1.BookService.CreateBook')).toContain('UUID of an existing author');

  const author = anAuthor();
  const created = await authors.invoke('bookstore.author.v1.AuthorService.CreateAuthor', author);
  expect(created.responses[0]?.message).toMatchObject(author);
  const book = { title: 'The Dispossessed', author_id: created.responses[0]?.message.id, published_year: 1974 };
  const answer = await books.invoke('bookstore.book.v1.BookService.CreateBook', book);
  expect(answer.responses[0]?.message).toMatchObject(book);
});
