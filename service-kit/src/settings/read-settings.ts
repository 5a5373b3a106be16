import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Names every bad variable and what it may be, never its value. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  constructor(problems: readonly string[]) {
    super(`bad environment: ${problems.join('; ')}`);
  }
}

/** A schema of environment variables by their names. */
export type SettingsSchema<T = unknown> = z.ZodType<T> & Pick<z.ZodObject, 'shape'>;

export const text = z.string().min(1, 'must not be empty');
/** At most the longest time of a timer in Node, ms. */
export const integer = (min: number, max = 2 ** 31 - 1) =>
  z.string().regex(/^\d+$/, 'must be a whole number').pipe(z.coerce.number<string>().min(min).max(max));

/**
 * Reads and freezes the settings. `NAME_FILE` names a file with the value of NAME, as secrets are mounted; one newline at
 * its end is removed. An empty variable counts as not set.
 *
 * @throws SettingsError that names every bad variable
 */
export function readSettings<T>(schema: SettingsSchema<T>, env: NodeJS.ProcessEnv = process.env): Readonly<T> {
  const problems: string[] = [];
  const values: Record<string, string | undefined> = {};
  for (const name of Object.keys(schema.shape)) {
    const file = env[`${name}_FILE`];
    values[name] = env[name] || undefined;
    if (!file) continue;
    if (values[name]) problems.push(`${name} and ${name}_FILE are both set`);
    try {
      values[name] = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      problems.push(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  const { success, data, error } = schema.safeParse(values, {
    error: ({ input }) => (input === undefined ? 'is not set' : undefined),
  });
  for (const { path, message } of error?.issues ?? []) problems.push([...path, message].join(' '));
  if (!success || problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(data);
}
