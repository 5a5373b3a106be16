import { type Author, AuthorServiceClient, AuthorServiceService, type GetAuthorRequest } from '@bookstore/proto';
import { createServiceDatabase, type PromiseClient, promiseClient, startTestService } from '@bookstore/sandbox/testing';
import {
  kitSettings,
  PRISMA_OPTIONS,
  type PrismaOptions,
  type RunningService,
  Scopes,
  type ServiceDefinition,
} from '@bookstore/service-kit';
import { Controller, Inject, Module } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { inject } from 'vitest';

/** The handler of the service's one method; a test replaces it. */
export type Handler = (request: GetAuthorRequest, database: PrismaOptions['adapter']) => Promise<Author> | Author;

/** A service on the kit with one method, GetAuthor, whose handler a test replaces. */
export interface ControlledService {
  readonly service: RunningService;
  readonly api: PromiseClient<AuthorServiceClient>;
  handler: Handler;
  stop(): Promise<void>;
}

const { getAuthor } = AuthorServiceService;
const endpoint = { 'bookstore.author.v1.AuthorService': { getAuthor } };

export const someone = ({ id }: GetAuthorRequest): Author => ({ id, name: 'x', email: 'x@example.com', createdAt: '' });

/** The definition, and its handler. */
export function controlledDefinition(): { definition: ServiceDefinition; control: { handler: Handler } } {
  const control: { handler: Handler } = { handler: someone };

  @Controller()
  class Authors {
    constructor(@Inject(PRISMA_OPTIONS) private readonly options: PrismaOptions) {}

    @GrpcMethod('AuthorService')
    @Scopes('authors:read')
    getAuthor(request: GetAuthorRequest) {
      return control.handler(request, this.options.adapter);
    }
  }

  @Module({ controllers: [Authors] })
  class AuthorsModule {}

  const definition: ServiceDefinition = {
    name: 'controlled-service',
    settings: kitSettings.extend({ INTERNAL_PEER_NAMES: kitSettings.shape.INTERNAL_PEER_NAMES.default(['nobody']) }),
    migrations: new URL('../../author-service/prisma/migrations', import.meta.url),
    public: endpoint,
    internal: endpoint,
    module: AuthorsModule,
  };
  return { definition, control };
}

/** Starts one with a database of its own. */
export async function startControlledService(env: Record<string, string> = {}): Promise<ControlledService> {
  const { definition, control } = controlledDefinition();
  const { url } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  const service = await startTestService(definition, { DATABASE_URL: url, ...env });
  const api = promiseClient(AuthorServiceClient, service.publicPort);
  const stop = async () => {
    api.close();
    await service.stop();
  };
  return Object.assign(control, { service, api, stop });
}
