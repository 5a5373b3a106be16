import { email, label, optionalUuid, pageFields, uuid } from '@bookstore/service-kit';
import { z } from 'zod';

/** What each request must look like: the contract's rules, as the edge enforces them. */
export const createAuthor = z.object({ name: label(), email, requestId: optionalUuid });

export const getAuthor = z.object({ id: uuid });

export const updateAuthor = z
  .object({ id: uuid, name: label().optional(), email: email.optional() })
  .refine(({ name, email }) => name !== undefined || email !== undefined, {
    path: ['name'],
    message: 'or email is required: an update names a field',
    // Whatever else is wrong: every bad field is named at once.
    when: () => true,
  });

export const deleteAuthor = z.object({ id: uuid, force: z.boolean() });

export const listAuthors = z.object(pageFields);
