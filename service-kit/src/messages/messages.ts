import type { z } from 'zod';

/** What a caller gives of a record: a field that may be null may be left out. */
export type Given<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: NonNullable<T[K]>;
};

/** The fields of a record to change. */
export type Change<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** Every field of a message, optional ones too: an answer that lacks one does not compile. */
export type AllFields<Message> = { [K in keyof Required<Message>]: Message[K] };

/** A schema for every field of a request: a schema that lacks one does not compile. */
export type RequestFields<Message> = { [K in keyof Required<Message>]: z.ZodType<unknown, Message[K]> };

type AsMessage<T> = {
  [K in keyof T]: Date extends T[K]
    ? string | (null extends T[K] ? undefined : never)
    : null extends T[K]
      ? NonNullable<T[K]> | undefined
      : T[K];
};

/** A record as a message: a Date becomes RFC 3339 in UTC with milliseconds, null an absent field. */
export function toMessage<T extends object>(record: T): AsMessage<T> {
  const message: Record<string, unknown> = { ...(record as object) };
  for (const field in message) {
    const value = message[field];
    if (value instanceof Date) message[field] = value.toISOString();
    else if (value === null) message[field] = undefined;
  }
  return message as AsMessage<T>;
}
