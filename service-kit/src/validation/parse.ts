import type { z } from 'zod';
import { DomainError, type FieldViolation } from '../errors/domain-error.js';

/**
 * The request by its schema.
 *
 * @throws DomainError INVALID_FIELD that names every bad field
 */
export function parse<S extends z.ZodType>(schema: S, request: unknown): z.output<S> {
  const result = schema.safeParse(request);
  if (result.success) return result.data;
  throw invalidFields(
    result.error.issues.map((issue) => ({ field: protoName(issue.path.join('.')), description: issue.message })),
  );
}

/** The error for fields that are missing or malformed. */
export function invalidFields(violations: readonly FieldViolation[]): DomainError {
  const message = violations.map(({ field, description }) => `${field} ${description}`).join('; ');
  return new DomainError('INVALID_ARGUMENT', 'INVALID_FIELD', message, { violations });
}

/** publishedYear, as the .proto has it: published_year. */
export const protoName = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
