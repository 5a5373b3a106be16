import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** One environment variable. */
export interface Setting<T> {
  /** Meaning and unit in one line, for the README. */
  readonly description: string;
  readonly schema: z.ZodType<T, string>;
  /** As it would be written in the environment. A setting without one is required, unless it is optional. */
  readonly defaultValue?: string | undefined;
  readonly optional?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of settings of different types
export type SettingTable = Record<string, Setting<any>>;

/** The parsed values of a table of settings. */
export type Settings<T extends SettingTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never;
};

/** Names every bad variable and what it may be, never its value. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  constructor(readonly problems: readonly string[]) {
    super(`bad environment: ${problems.join('; ')}`);
  }
}

export const text = z.string().min(1, 'must not be empty');
/** At most the longest time of a timer in Node, ms. */
export const integer = (min: number, max = 2 ** 31 - 1) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
export const oneOf = <T extends string>(...values: [T, ...T[]]) =>
  z
    .string()
    .refine((value): value is T => (values as string[]).includes(value), `must be one of ${values.join(', ')}`)
    .transform((value) => value as T);

/** A setting with a default, or a required one. */
export function setting<T>(description: string, schema: z.ZodType<T, string>, defaultValue?: string): Setting<T> {
  return { description, schema, defaultValue };
}

/** A setting that is undefined where it is not set. */
export function optionalSetting<T>(description: string, schema: z.ZodType<T, string>): Setting<T | undefined> {
  return { description, schema: schema as z.ZodType<T | undefined, string>, optional: true };
}

/**
 * Reads and freezes the settings. `NAME_FILE` names a file with the value of NAME, as secrets are mounted; one newline at
 * its end is removed. An empty variable counts as not set.
 *
 * @throws SettingsError that names every bad variable
 */
export function readSettings<T extends SettingTable>(table: T, env: NodeJS.ProcessEnv = process.env): Settings<T> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { description, schema, defaultValue, optional }] of Object.entries(table)) {
    const file = env[`${name}_FILE`];
    let raw = env[name] || defaultValue;
    try {
      if (file && env[name]) throw new Error(`${name} and ${name}_FILE are both set`);
      if (file) raw = readSecret(name, file);
    } catch (error) {
      problems.push((error as Error).message);
      continue;
    }
    const parsed = raw === undefined ? undefined : schema.safeParse(raw);
    if (parsed?.success) values[name] = parsed.data;
    else if (parsed) problems.push(`${name} ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
    else if (!optional) problems.push(`${name} is not set (${description})`);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(values) as Settings<T>;
}

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
