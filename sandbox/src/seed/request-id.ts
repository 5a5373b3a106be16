import { v5 as uuidv5 } from 'uuid';
import type { SeedAuthor, SeedBook } from './source.js';

/** Never change it: data that is already in would be put in again. */
const NAMESPACE = '5b0f5b9e-3f0c-4c8e-9d1e-6d3a4f0b7c21';

/**
 * The request_id under which an author is created: made of the content, so that every run sends the same and the
 * service adds the author once.
 */
export function authorRequestId({ name, email }: SeedAuthor): string {
  return uuidv5(JSON.stringify(['author', name, email]), NAMESPACE);
}

/** The same for a book. The author counts by e-mail address, since an id is another one in every database. */
export function bookRequestId({ authorEmail, title, publishedYear }: SeedBook): string {
  return uuidv5(JSON.stringify(['book', authorEmail, title, publishedYear]), NAMESPACE);
}
