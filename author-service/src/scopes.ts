import { AuthorServiceService as authors } from '@bookstore/proto';

/** What a caller must be allowed for each method. */
export const authorScopes = {
  [authors.getAuthor.path]: 'authors:read',
  [authors.listAuthors.path]: 'authors:read',
  [authors.createAuthor.path]: 'authors:write',
  [authors.updateAuthor.path]: 'authors:write',
  [authors.deleteAuthor.path]: 'authors:write',
};
