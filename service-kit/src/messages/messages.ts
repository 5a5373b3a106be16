import type { z } from 'zod';

/** What a caller gives of a record: a field that may be null may be left out. */
export type Given<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: NonNullable<T[K]>;
};

/** Exactly the fields of a record to change. */
export type Change<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** Every field of a message, the optional ones too: a mapping or a schema that lacks one does not compile. */
export type AllFields<Message> = { [K in keyof Required<Message>]: Message[K] };

/** The schema of a request has a schema for every field of its message. */
export type RequestFields<Message> = { [K in keyof Required<Message>]: z.ZodType<unknown, Message[K]> };

/** A record as a message: a Date as RFC 3339 in UTC with milliseconds, null as an absent field. */
type AsMessage<T> = {
  [K in keyof T]: Date extends T[K]
    ? string | AbsentIfNull<T[K]>
    : null extends T[K]
      ? NonNullable<T[K]> | undefined
      : T[K];
};
type AbsentIfNull<V> = null extends V ? undefined : never;

/** Makes a message of a record. */
export function toMessage<T extends object>(record: T): AsMessage<T> {
  const message: Record<string, unknown> = {};
  for (const field of Object.keys(record) as Array<keyof T & string>) {
    const value = record[field];
    message[field] = value instanceof Date ? value.toISOString() : (value ?? undefined);
  }
  return message as AsMessage<T>;
}
