import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AuthorReferenceServiceService, AuthorServiceService, BookServiceService } from '@bookstore/proto';
import {
  createServiceDatabase,
  startTestService,
  TEST_AUDIENCE,
  TEST_ISSUER,
  TestIssuer,
} from '@bookstore/sandbox/testing';
import { kitSettings, type RunningService, Scopes, type ServiceDefinition } from '@bookstore/service-kit';
import type { ServiceDefinition as GrpcService } from '@grpc/grpc-js';
import { Controller, Module, type Type } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';

/** A service with the methods of both services and AUTH=jwt. Its handlers only record their calls. */
export interface SecuredService {
  readonly service: RunningService;
  readonly issuer: TestIssuer;
  /** The methods whose handler was called. */
  readonly handled: string[];
  /** The file of the keys that the service trusts. */
  readonly jwksFile: string;
  /** To the public port. */
  readonly session: ClientHttp2Session;
  stop(): Promise<void>;
}

export const PUBLIC = {
  'bookstore.author.v1.AuthorService': AuthorServiceService,
  'bookstore.book.v1.BookService': BookServiceService,
};
const INTERNAL = { 'bookstore.book.v1.AuthorReferenceService': AuthorReferenceServiceService };

/** Full names of all public methods. */
export const METHODS = Object.values(PUBLIC).flatMap((service) => Object.values(service).map(({ path }) => path));
export const REFLECTION = [
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];

/** The scope of each method in the contract. */
export const SCOPES: Record<string, string> = {
  '/bookstore.author.v1.AuthorService/CreateAuthor': 'authors:write',
  '/bookstore.author.v1.AuthorService/GetAuthor': 'authors:read',
  '/bookstore.author.v1.AuthorService/UpdateAuthor': 'authors:write',
  '/bookstore.author.v1.AuthorService/DeleteAuthor': 'authors:write',
  '/bookstore.author.v1.AuthorService/ListAuthors': 'authors:read',
  '/bookstore.book.v1.BookService/CreateBook': 'books:write',
  '/bookstore.book.v1.BookService/GetBook': 'books:read',
  '/bookstore.book.v1.BookService/UpdateBook': 'books:write',
  '/bookstore.book.v1.BookService/DeleteBook': 'books:write',
  '/bookstore.book.v1.BookService/ListBooks': 'books:read',
  '/bookstore.book.v1.BookService/GetBooksByAuthor': 'books:read',
};

const ALL_SCOPES = { ...SCOPES, [AuthorReferenceServiceService.closeAuthor.path]: 'books:write' };

/** A definition whose handlers record their full name. */
export function countingDefinition(
  handled: string[],
  scopes: Readonly<Record<string, string>> = ALL_SCOPES,
): ServiceDefinition {
  return {
    name: 'counting-service',
    settings: kitSettings.extend({
      INTERNAL_PEER_NAMES: kitSettings.shape.INTERNAL_PEER_NAMES.default(['book-service']),
    }),
    migrations: new URL('../../author-service/prisma/migrations', import.meta.url),
    public: PUBLIC,
    internal: INTERNAL,
    module: countingModule({ ...PUBLIC, ...INTERNAL }, handled, scopes),
  };
}

export async function startSecuredService(
  postgresUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<SecuredService> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bookstore-keys-'));
  const jwksFile = path.join(folder, 'jwks.json');
  const issuer = await TestIssuer.create();
  writeFileSync(jwksFile, JSON.stringify({ keys: [issuer.publicJwk] }));
  const handled: string[] = [];
  const { url } = await createServiceDatabase(postgresUrl, 'author-service');
  const service = await startTestService(countingDefinition(handled), {
    DATABASE_URL: url,
    AUTH: 'jwt',
    JWT_JWKS_FILE: jwksFile,
    JWT_ISSUER: TEST_ISSUER,
    JWT_AUDIENCE: TEST_AUDIENCE,
    ...env,
  });
  const session = connect(`http://127.0.0.1:${service.publicPort}`);
  return {
    service,
    issuer,
    handled,
    jwksFile,
    session,
    stop: async () => {
      session.close();
      await service.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function countingModule(
  services: Record<string, GrpcService>,
  handled: string[],
  scopes: Readonly<Record<string, string>>,
): Type {
  class Everything {}
  for (const [fullName, service] of Object.entries(services)) {
    for (const { path, responseDeserialize } of Object.values(service)) {
      const descriptor = {
        value: async () => {
          handled.push(path);
          return responseDeserialize(Buffer.alloc(0));
        },
      };
      Object.defineProperty(Everything.prototype, path, descriptor);
      GrpcMethod(fullName.split('.').at(-1) as string, path.split('/')[2])(Everything.prototype, path, descriptor);
      const scope = scopes[path];
      if (scope) Scopes(scope)(Everything.prototype, path, descriptor);
    }
  }
  Controller()(Everything);
  class EverythingModule {}
  Module({ controllers: [Everything] })(EverythingModule);
  return EverythingModule;
}
