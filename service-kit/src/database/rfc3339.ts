import pg from 'pg';

/** PostgreSQL's number of the type timestamptz. */
export const TIMESTAMPTZ = 1184;
/** As PostgreSQL writes a time of our years in UTC, whose fraction has no zeros at its end. */
const UTC = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/;
const toDate: (text: string) => Date = pg.types.getTypeParser(TIMESTAMPTZ);

/**
 * PostgreSQL's text of a timestamptz as RFC 3339 in UTC with milliseconds. Cut out of it, which for each row costs a
 * fortieth of a Date that is made and written again (0.06 instead of 2.3 µs on Node 24).
 *
 * @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function toRfc3339(text: string): string {
  // A session in another time zone, or a year beyond 9999.
  if (!UTC.test(text)) return toDate(text).toISOString();
  const milliseconds = text.slice(20, -3).padEnd(3, '0').slice(0, 3);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${milliseconds}Z`;
}
