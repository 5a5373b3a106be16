import { BookServiceService as books, AuthorReferenceServiceService as references } from '@bookstore/proto';

/** What a caller must be allowed for each method. */
export const bookScopes = {
  [books.getBook.path]: 'books:read',
  [books.listBooks.path]: 'books:read',
  [books.getBooksByAuthor.path]: 'books:read',
  [books.createBook.path]: 'books:write',
  [books.updateBook.path]: 'books:write',
  [books.deleteBook.path]: 'books:write',
  [references.closeAuthor.path]: 'books:write',
};
