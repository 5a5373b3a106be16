import { CloseAuthorOutcome, type CloseAuthorRequest, type CloseAuthorResponse } from '@bookstore/proto';
import { parse, uuid } from '@bookstore/service-kit';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { z } from 'zod';
import { AuthorReferencesRepository } from './author-references.repository.js';

const closeAuthor = z.object({ opId: uuid, authorId: uuid, force: z.boolean() });

/** AuthorReferenceService, for the author service alone. */
@Controller()
export class AuthorReferencesController {
  constructor(private readonly references: AuthorReferencesRepository) {}

  @GrpcMethod('AuthorReferenceService')
  async closeAuthor(request: CloseAuthorRequest): Promise<CloseAuthorResponse> {
    const { outcome, bookCount } = await this.references.close(parse(closeAuthor, request));
    return { outcome: CloseAuthorOutcome[`CLOSE_AUTHOR_OUTCOME_${outcome}`], bookCount };
  }
}
