import { z } from 'zod';
import { protoName } from './zod-validation.pipe.js';

/** Text for people: trimmed, 1 to `max` Unicode code points, no control characters. */
export const label = (max = 200) =>
  z
    .string()
    .trim()
    .min(1, 'is required')
    .refine((value) => value.length <= max || [...value].length <= max, `must be at most ${max} characters`)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters');

/** The message for a field that is malformed, or absent: an absent string is empty in proto3. */
const requiredOr = (message: string) => ({
  error: ({ input }: { readonly input: unknown }) => (input === '' ? 'is required' : message),
});

const ATOM = "[\\w!#$%&'*+/=?^`{|}~-]+";
const DOMAIN_LABEL = '[a-z\\d](?:[a-z\\d-]{0,61}[a-z\\d])?';
const TOP_LEVEL_LABEL = '(?:[a-z]{2,63}|xn--[a-z\\d-]{0,58}[a-z\\d])';
/** RFC 5321, 4.1.2, without quoted strings, address literals and domains of one label. */
const MAILBOX = new RegExp(`^(?=.{1,64}@)${ATOM}(?:\\.${ATOM})*@(?:${DOMAIN_LABEL}\\.)+${TOP_LEVEL_LABEL}$`, 'i');

/** An e-mail address (RFC 5321, ASCII), at most 254 characters, kept as given. */
export const email = z
  .string()
  .max(254, { error: 'must be at most 254 characters', abort: true })
  .regex(MAILBOX, requiredOr('must be a valid e-mail address'));

/** The nil UUID (RFC 9562), which no record has. */
export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** A UUID in its canonical form of 36 characters (RFC 9562), in lower case. */
export const uuid = z.guid(requiredOr('must be a UUID')).toLowerCase();

/** A UUID, or undefined where the field is absent. */
export const optionalUuid = z
  .string()
  .transform((value) => value || undefined)
  .pipe(uuid.optional());

/** A request to update a record: its id, and at least one of the fields to change. */
export function updateOf<Fields extends z.ZodRawShape>(fields: Fields) {
  const [first = '', ...others] = Object.keys(fields);
  return z
    .object({ id: uuid, ...fields })
    .refine(
      (update: object) => Object.entries(update).some(([field, value]) => field !== 'id' && value !== undefined),
      {
        path: [first],
        message: `is required${others.map((name) => `, or ${protoName(name)}`).join('')}: an update names a field`,
        when: () => true, // also when another field is bad, since every bad field is named at once
      },
    );
}
