declare module 'pg/lib/utils.js' {
  /** A value as it is sent to PostgreSQL: text, or the bytes of a Buffer. */
  export function prepareValue(value: unknown): string | Buffer | null;
}
