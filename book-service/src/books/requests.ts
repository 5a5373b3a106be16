import type * as proto from '@bookstore/proto';
import { label, optionalUuid, pageFields, type RequestFields, updateOf, uuid } from '@bookstore/service-kit';
import { z } from 'zod';
import { FIRST_YEAR, isPublicationYear } from './book.js';

const publishedYear = z.number().superRefine((year, context) => {
  if (year === 0) context.addIssue('is required, and there is no year 0');
  else if (!isPublicationYear(year)) context.addIssue(`must be from ${FIRST_YEAR} to next year`);
});

// The rules of the contract for each request.
export const createBook = z.object({
  title: label(),
  authorId: uuid,
  publishedYear,
  requestId: optionalUuid,
} satisfies RequestFields<proto.CreateBookRequest>);

export const getBook = z.object({ id: uuid } satisfies RequestFields<proto.GetBookRequest>);

export const updateBook = updateOf({
  title: label().optional(),
  publishedYear: publishedYear.optional(),
} satisfies RequestFields<Omit<proto.UpdateBookRequest, 'id'>>);

export const deleteBook = z.object({ id: uuid } satisfies RequestFields<proto.DeleteBookRequest>);

export const listBooks = z.object(pageFields satisfies RequestFields<proto.ListBooksRequest>);

export const getBooksByAuthor = z.object({
  authorId: uuid,
  ...pageFields,
} satisfies RequestFields<proto.GetBooksByAuthorRequest>);
