import * as proto from '@bookstore/proto';
import { listen } from './listen.js';

/** echo: grpc-js alone, with a constant response. The limit of the runtime. */

const createdAt = '2026-11-22T18:04:05.123Z';
const author = { name: 'Author 12345', email: 'author-012345@synthetic.example.com', createdAt };
const book = { title: 'The Book of 12345', publishedYear: 1974, createdAt };

const authors: Pick<proto.AuthorServiceServer, 'getAuthor'> = {
  getAuthor: ({ request: { id } }, callback) => callback(null, { ...author, id }),
};
const books: Pick<proto.BookServiceServer, 'getBook'> = {
  getBook: ({ request: { id } }, callback) => callback(null, { ...book, id, authorId: id }),
};

listen([proto.AuthorServiceService, authors], [proto.BookServiceService, books]);
