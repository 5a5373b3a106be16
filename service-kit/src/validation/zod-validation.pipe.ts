import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { parse } from './parse.js';

/** What a schema makes of a valid request. */
export type Validated<Schema extends z.ZodType> = z.output<Schema>;

/** Validates the payload of a handler: `@Payload(new ZodValidationPipe(schema))`. */
export class ZodValidationPipe<Schema extends z.ZodType> implements PipeTransform<unknown, Validated<Schema>> {
  constructor(private readonly schema: Schema) {}

  /** @throws DomainError INVALID_FIELD that names every bad field */
  transform(payload: unknown): Validated<Schema> {
    return parse(this.schema, payload);
  }
}
