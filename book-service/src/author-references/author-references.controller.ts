import { CloseAuthorOutcome, type CloseAuthorRequest, type CloseAuthorResponse } from '@bookstore/proto';
import { type RequestFields, Scopes, uuid, type Validated, ZodValidationPipe } from '@bookstore/service-kit';
import { Controller } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { z } from 'zod';
import { AuthorReferencesRepository } from './author-references.repository.js';

const closeAuthor = z.object({
  opId: uuid,
  authorId: uuid,
  force: z.boolean(),
} satisfies RequestFields<CloseAuthorRequest>);

/** AuthorReferenceService over gRPC, for the author service only. */
@Controller()
export class AuthorReferencesController {
  constructor(private readonly references: AuthorReferencesRepository) {}

  @GrpcMethod('AuthorReferenceService')
  @Scopes('books:write')
  async closeAuthor(
    @Payload(new ZodValidationPipe(closeAuthor)) closing: Validated<typeof closeAuthor>,
  ): Promise<CloseAuthorResponse> {
    const { outcome, bookCount } = await this.references.close(closing);
    return { outcome: CloseAuthorOutcome[`CLOSE_AUTHOR_OUTCOME_${outcome}`], bookCount };
  }
}
