import type * as proto from '@bookstore/proto';
import { email, label, optionalUuid, pageFields, type RequestFields, updateOf, uuid } from '@bookstore/service-kit';
import { z } from 'zod';

// The rules of the contract for each request.
export const createAuthor = z.object({
  name: label(),
  email,
  requestId: optionalUuid,
} satisfies RequestFields<proto.CreateAuthorRequest>);

export const getAuthor = z.object({ id: uuid } satisfies RequestFields<proto.GetAuthorRequest>);

export const updateAuthor = updateOf({
  name: label().optional(),
  email: email.optional(),
} satisfies RequestFields<Omit<proto.UpdateAuthorRequest, 'id'>>);

export const deleteAuthor = z.object({
  id: uuid,
  force: z.boolean(),
} satisfies RequestFields<proto.DeleteAuthorRequest>);

export const listAuthors = z.object(pageFields satisfies RequestFields<proto.ListAuthorsRequest>);
