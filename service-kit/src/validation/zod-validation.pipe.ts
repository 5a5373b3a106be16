import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { DomainError, type FieldViolation } from '../errors/domain-error.js';

/** A valid request, as its schema returns it. */
export type Validated<Schema extends z.ZodType> = z.output<Schema>;

/** Validates the payload of a handler: `@Payload(new ZodValidationPipe(schema))`. */
export class ZodValidationPipe<Schema extends z.ZodType> implements PipeTransform<unknown, Validated<Schema>> {
  constructor(private readonly schema: Schema) {}

  /** @throws DomainError INVALID_FIELD that names every bad field */
  transform(payload: unknown): Validated<Schema> {
    const result = this.schema.safeParse(payload);
    if (result.success) return result.data;
    throw invalidFields(
      result.error.issues.map(({ path, message }) => ({ field: protoName(path.join('.')), description: message })),
    );
  }
}

/** The error of fields that are missing or malformed. */
export function invalidFields(violations: readonly FieldViolation[]): DomainError {
  const message = violations.map(({ field, description }) => `${field} ${description}`).join('; ');
  return new DomainError('INVALID_ARGUMENT', 'INVALID_FIELD', message, { violations });
}

/** publishedYear in the .proto: published_year. */
export const protoName = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
