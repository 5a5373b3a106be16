import { z } from 'zod';
import { protoName } from './zod-validation.pipe.js';

/** Text for people: trimmed, 1 to `max` Unicode code points, no control characters. */
export const label = (max = 200) =>
  z
    .string()
    .transform((value) => value.trim())
    .superRefine((value, context) => {
      if (value === '') context.addIssue('is required');
      else if (value.length > max && [...value].length > max) context.addIssue(`must be at most ${max} characters`);
      if (/\p{Cc}/u.test(value)) context.addIssue('must not contain control characters');
    });

const ATOM = "[\\w!#$%&'*+/=?^`{|}~-]+";
const DOMAIN_LABEL = '[a-z\\d](?:[a-z\\d-]{0,61}[a-z\\d])?';
const TOP_LEVEL_LABEL = '(?:[a-z]{2,63}|xn--[a-z\\d-]{0,58}[a-z\\d])';
/** RFC 5321, 4.1.2, without quoted strings, address literals and domains of one label. */
const MAILBOX = new RegExp(`^(?=.{1,64}@)${ATOM}(?:\\.${ATOM})*@(?:${DOMAIN_LABEL}\\.)+${TOP_LEVEL_LABEL}$`, 'i');

/** An e-mail address (RFC 5321, ASCII), at most 254 characters, kept as given. */
export const email = z.string().superRefine((value, context) => {
  if (value === '') context.addIssue('is required');
  else if (value.length > 254) context.addIssue('must be at most 254 characters');
  else if (!MAILBOX.test(value)) context.addIssue('must be a valid e-mail address');
});

/** The nil UUID (RFC 9562), which no record has. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A UUID in its canonical form of 36 characters (RFC 9562), in lower case. */
export const uuid = z
  .string()
  .superRefine((value, context) => {
    if (value === '') context.addIssue('is required');
    else if (!UUID.test(value)) context.addIssue('must be a UUID');
  })
  .transform((value) => value.toLowerCase());

/** A UUID, or undefined for the empty string, which is an absent field in proto3. */
export const optionalUuid = z
  .string()
  .refine((value) => value === '' || UUID.test(value), 'must be a UUID')
  .transform((value) => (value === '' ? undefined : value.toLowerCase()));

/** A request to update a record: its id, and at least one of the fields to change. */
export function updateOf<Fields extends z.ZodRawShape>(fields: Fields) {
  const [first = '', ...others] = Object.keys(fields);
  return z
    .object({ id: uuid, ...fields })
    .refine(
      (update: object) => Object.entries(update).some(([field, value]) => field !== 'id' && value !== undefined),
      {
        path: [first],
        message: `${others.map((name) => `or ${protoName(name)} `).join('')}is required: an update names a field`,
        when: () => true, // also when another field is bad, since every bad field is named at once
      },
    );
}
