import { readFileSync } from 'node:fs';
import { BinaryReader } from '@bufbuild/protobuf/wire';

export {
  Author,
  AuthorServiceClient,
  type AuthorServiceServer,
  AuthorServiceService,
  CreateAuthorRequest,
  DeleteAuthorRequest,
  DeleteAuthorResponse,
  GetAuthorRequest,
  ListAuthorsRequest,
  ListAuthorsResponse,
  UpdateAuthorRequest,
  UpdateAuthorResponse,
} from '../gen/bookstore/author/v1/author.js';
export {
  AuthorReferenceServiceClient,
  type AuthorReferenceServiceServer,
  AuthorReferenceServiceService,
  CloseAuthorOutcome,
  CloseAuthorRequest,
  CloseAuthorResponse,
} from '../gen/bookstore/book/v1/author_reference.js';
export {
  AuthorBook,
  Book,
  BookServiceClient,
  type BookServiceServer,
  BookServiceService,
  CreateBookRequest,
  DeleteBookRequest,
  DeleteBookResponse,
  GetBookRequest,
  GetBooksByAuthorRequest,
  GetBooksByAuthorResponse,
  ListBooksRequest,
  ListBooksResponse,
  UpdateBookRequest,
  UpdateBookResponse,
} from '../gen/bookstore/book/v1/book.js';
export { Duration } from '../gen/google/protobuf/duration.js';
export { BadRequest, ErrorInfo, ResourceInfo, RetryInfo } from '../gen/google/rpc/error_details.js';
export { Status } from '../gen/google/rpc/status.js';
export { HealthCheckResponse, HealthCheckResponse_ServingStatus, HealthClient } from '../gen/grpc/health/v1/health.js';
export {
  ServerReflectionClient,
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../gen/grpc/reflection/v1/reflection.js';
export { ServerReflectionClient as ServerReflectionAlphaClient } from '../gen/grpc/reflection/v1alpha/reflection.js';

/**
 * The compiled contract, comments included, and that of health and reflection: one serialized
 * google.protobuf.FileDescriptorProto for each .proto file, dependencies too. What server reflection answers from.
 */
export function fileDescriptors(): Uint8Array[] {
  const set = new BinaryReader(readFileSync(new URL('../../gen/descriptors.binpb', import.meta.url)));
  const files: Uint8Array[] = [];
  // google.protobuf.FileDescriptorSet has one field: repeated FileDescriptorProto file = 1.
  while (set.pos < set.len) {
    const [field, wireType] = set.tag();
    if (field === 1) files.push(set.bytes());
    else set.skip(wireType);
  }
  return files;
}
