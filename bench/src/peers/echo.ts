import { type Author, AuthorServiceService, type Book, BookServiceService } from '@bookstore/proto';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { listen } from './listen.js';

/** echo: grpc-js alone, with a constant response. The limit of the runtime. */

const createdAt = '2026-11-22T18:04:05.123Z';
const author = { id: '', name: 'Author 12345', email: 'author-012345@synthetic.example.com', createdAt };
const book = { id: '', title: 'The Book of 12345', authorId: '', publishedYear: 1974, createdAt };

type Get<T> = (call: ServerUnaryCall<{ id: string }, T>, callback: sendUnaryData<T>) => void;
const getAuthor: Get<Author> = ({ request: { id } }, callback) => callback(null, { ...author, id });
const getBook: Get<Book> = ({ request: { id } }, callback) => callback(null, { ...book, id, authorId: id });

listen([
  [{ getAuthor: AuthorServiceService.getAuthor }, { getAuthor }],
  [{ getBook: BookServiceService.getBook }, { getBook }],
]);
