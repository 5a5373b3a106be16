import { AuthorServiceService, BookServiceService } from '@bookstore/proto';
import { type Handlers, listen } from './listen.js';

/** echo: grpc-js alone, with a constant response. The limit of the runtime. */

const createdAt = '2026-11-22T18:04:05.123Z';
const author = { id: '', name: 'Author 12345', email: 'author-012345@synthetic.example.com', createdAt };
const book = { id: '', title: 'The Book of 12345', authorId: '', publishedYear: 1974, createdAt };

const authors: Partial<Handlers<typeof AuthorServiceService>> = {
  getAuthor: ({ request: { id } }, callback) => callback(null, { ...author, id }),
};
const books: Partial<Handlers<typeof BookServiceService>> = {
  getBook: ({ request: { id } }, callback) => callback(null, { ...book, id, authorId: id }),
};

listen([
  [AuthorServiceService, authors],
  [BookServiceService, books],
]);
