import { label, optionalUuid, pageFields, uuid } from '@bookstore/service-kit';
import { z } from 'zod';
import { FIRST_YEAR, isPublicationYear } from './book.js';

const publishedYear = z.number().superRefine((year, context) => {
  if (year === 0) context.addIssue('is required, and there is no year 0');
  else if (!isPublicationYear(year)) context.addIssue(`must be from ${FIRST_YEAR} to next year`);
});

/** What each request must look like: the contract's rules, as the edge enforces them. */
export const createBook = z.object({ title: label(), authorId: uuid, publishedYear, requestId: optionalUuid });

export const getBook = z.object({ id: uuid });

export const updateBook = z
  .object({ id: uuid, title: label().optional(), publishedYear: publishedYear.optional() })
  .refine(({ title, publishedYear }) => title !== undefined || publishedYear !== undefined, {
    path: ['title'],
    message: 'or published_year is required: an update names a field',
    // Whatever else is wrong: every bad field is named at once.
    when: () => true,
  });

export const deleteBook = z.object({ id: uuid });

export const listBooks = z.object(pageFields);

export const getBooksByAuthor = z.object({ authorId: uuid, ...pageFields });
