import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { postgresUrlProblem } from './postgres-url.js';
import { LONGEST_TIMER_MS } from './timers.js';

/** One environment variable: what it means, what it may be, and what it is when nobody says. */
export interface Setting<T> {
  /** Meaning and unit, one line, for the service's README. */
  readonly description: string;
  readonly schema: z.ZodType<T, string>;
  /** As it would be written in the environment; without one the variable is required, unless it is optional. */
  readonly defaultValue?: string | undefined;
  readonly optional?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a table of settings of different types
export type SettingTable = Record<string, Setting<any>>;

/** The parsed values of a table of settings, under their own names. */
export type Settings<T extends SettingTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never;
};

/** Every bad variable at once, by name and expectation; a value is never part of the message. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  constructor(readonly problems: readonly string[]) {
    super(`bad environment: ${problems.join('; ')}`);
  }
}

export const text = z.string().min(1, 'must not be empty');
/** No time is longer than a timer can be. */
export const integer = (min: number, max = LONGEST_TIMER_MS) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
export const port = integer(0, 65_535);
export const postgresUrl = z.string().superRefine((value, context) => {
  const problem = postgresUrlProblem(value);
  if (problem !== undefined) context.addIssue(problem);
});
export const oneOf = <T extends string>(...values: [T, ...T[]]) =>
  z
    .string()
    .refine((value): value is T => (values as string[]).includes(value), `must be one of ${values.join(', ')}`)
    .transform((value) => value as T);

/** Several values, separated by commas. */
export const listOf = <T>(item: z.ZodType<T, string>) =>
  z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(item));

/** A setting with a default, or a required one without. */
export function setting<T>(description: string, schema: z.ZodType<T, string>, defaultValue?: string): Setting<T> {
  return { description, schema, defaultValue };
}

/** A setting that may be left out; its value is then undefined. */
export function optionalSetting<T>(description: string, schema: z.ZodType<T, string>): Setting<T | undefined> {
  return { description, schema: schema as z.ZodType<T | undefined, string>, optional: true };
}

/**
 * Reads and freezes the settings. `NAME_FILE` names a file to take NAME's value from, as secrets are mounted; a newline
 * at its end is not part of the value.
 *
 * @throws SettingsError that names every bad variable
 */
export function readSettings<T extends SettingTable>(table: T, env: NodeJS.ProcessEnv = process.env): Settings<T> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(table)) {
    let raw: string | undefined;
    try {
      raw = rawValue(name, env) ?? definition.defaultValue;
    } catch (error) {
      problems.push((error as Error).message);
      continue;
    }
    if (raw === undefined) {
      if (!definition.optional) problems.push(`${name} is not set (${definition.description})`);
      continue;
    }
    const parsed = definition.schema.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name} ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(values) as Settings<T>;
}

function rawValue(name: string, env: NodeJS.ProcessEnv): string | undefined {
  // An empty variable is one that compose passed on without a value.
  const direct = env[name] || undefined;
  const file = env[`${name}_FILE`] || undefined;
  if (file === undefined) return direct;
  if (direct !== undefined) throw new Error(`${name} and ${name}_FILE are both set`);
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
