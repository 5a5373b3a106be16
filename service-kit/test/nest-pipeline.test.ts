import { type Author, AuthorServiceClient, AuthorServiceService, type GetAuthorRequest } from '@bookstore/proto';
import {
  createServiceDatabase,
  failureOf,
  type PromiseClient,
  promiseClient,
  startTestService,
} from '@bookstore/sandbox/testing';
import { currentCall, DomainError, Scopes } from '@bookstore/service-kit';
import { type Metadata, status } from '@grpc/grpc-js';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExecutionContext,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  NotFoundException,
  type PipeTransform,
  type RpcExceptionFilter,
  Scope,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST } from '@nestjs/core';
import { Ctx, GrpcMethod, Payload, RpcException } from '@nestjs/microservices';
import { concat, defer, from, map, Observable, of, throwError } from 'rxjs';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { controlledDefinition, someone } from './controlled-service.js';

let DATABASE_URL: string;
beforeAll(async () => {
  DATABASE_URL = (await createServiceDatabase(inject('postgresUrl'), 'author-service')).url;
});

/** Starts a service with this controller for GetAuthor, and with these providers. */
async function start(
  controller: Type,
  providers: object[] = [],
  env = {},
): Promise<PromiseClient<AuthorServiceClient>> {
  @Module({ controllers: [controller], providers: providers as [] })
  class AuthorsModule {}

  const { definition } = controlledDefinition();
  const service = await startTestService({ ...definition, module: AuthorsModule }, { DATABASE_URL, ...env });
  const api = promiseClient(AuthorServiceClient, service.publicPort);
  onTestFinished(async () => {
    api.close();
    await service.stop();
  });
  return api;
}

/** A controller with this handler and these decorators. */
function controllerThat(
  getAuthor: (request: GetAuthorRequest) => unknown,
  onMethod: MethodDecorator = () => {},
  onClass: ClassDecorator = () => {},
): Type {
  @Controller()
  @onClass
  class Authors {
    @GrpcMethod('AuthorService')
    @Scopes('authors:read')
    @onMethod
    getAuthor(request: GetAuthorRequest) {
      return getAuthor(request);
    }
  }
  return Authors;
}

const getAuthor = (request: GetAuthorRequest) => someone(request);

/** Refuses the id "refused". */
@Injectable()
class IdGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    expect(context.getHandler().name).toBe('getAuthor');
    return context.switchToRpc().getData<GetAuthorRequest>().id !== 'refused';
  }
}

/** Makes the id upper case. */
@Injectable()
class UpperCasePipe implements PipeTransform {
  transform(request: GetAuthorRequest) {
    return { ...request, id: request.id.toUpperCase() };
  }
}

/** Adds to the name. */
@Injectable()
class NameInterceptor implements NestInterceptor<Author, Author> {
  intercept(_context: ExecutionContext, next: CallHandler<Author>): Observable<Author> {
    return next.handle().pipe(map((author) => ({ ...author, name: `${author.name} intercepted` })));
  }
}

class Teapot extends Error {}

/** Answers Teapot with ABORTED. */
@Catch(Teapot)
class TeapotFilter implements RpcExceptionFilter {
  catch(_error: Teapot, _host: ArgumentsHost) {
    return throwError(() => ({ code: status.ABORTED, message: 'short and stout' }));
  }
}
const brew = () => {
  throw new Teapot();
};

type Check = (api: PromiseClient<AuthorServiceClient>) => Promise<void>;

const guarded: Check = async (api) => {
  expect(await api.getAuthor({ id: '7' })).toMatchObject({ id: '7' });
  expect(await failureOf(api.getAuthor({ id: 'refused' }))).toMatchObject({ message: 'Forbidden resource' });
};
const piped: Check = async (api) => {
  expect(await api.getAuthor({ id: 'abc' })).toMatchObject({ id: 'ABC' });
};
const intercepted: Check = async (api) => {
  expect(await api.getAuthor({ id: '7' })).toMatchObject({ name: 'x intercepted' });
};
const filtered: Check = async (api) => {
  expect(await failureOf(api.getAuthor({ id: '7' }))).toMatchObject({ code: 'ABORTED', message: 'short and stout' });
};

describe.each([
  ['a guard', UseGuards(IdGuard), { provide: APP_GUARD, useClass: IdGuard }, getAuthor, guarded],
  ['a pipe', UsePipes(UpperCasePipe), { provide: APP_PIPE, useClass: UpperCasePipe }, getAuthor, piped],
  [
    'an interceptor',
    UseInterceptors(NameInterceptor),
    { provide: APP_INTERCEPTOR, useClass: NameInterceptor },
    getAuthor,
    intercepted,
  ],
  ['a filter', UseFilters(TeapotFilter), { provide: APP_FILTER, useClass: TeapotFilter }, brew, filtered],
])('%s works as Nest documents it', (_what, decorator, provider, handler, check) => {
  test('on a method', async () => check(await start(controllerThat(handler, decorator))));
  test('on a controller', async () => check(await start(controllerThat(handler, undefined, decorator))));
  test('for the whole application', async () => check(await start(controllerThat(handler), [provider])));
});

describe('an error', () => {
  test.each([
    ['RpcException keeps its code', new RpcException({ code: status.NOT_FOUND, message: 'gone' }), 'NOT_FOUND', 'gone'],
    ['DomainError keeps its status', new DomainError('ABORTED', 'AGAIN', 'again'), 'ABORTED', 'again'],
    ['HttpException is INTERNAL', new NotFoundException('secret'), 'INTERNAL', 'internal error'],
    ['unknown is INTERNAL', new Error('secret'), 'INTERNAL', 'internal error'],
  ])('%s, thrown, rejected or in an observable', async (_what, error, code, message) => {
    const handlers = [
      () => {
        throw error;
      },
      () => Promise.reject(error),
      () => throwError(() => error),
      () => defer(() => Promise.reject(error)),
      () => Promise.resolve(throwError(() => error)),
      () =>
        concat(
          of(someone({ id: '1' })),
          throwError(() => error),
        ),
    ];
    let handler: () => unknown = () => {};
    const api = await start(controllerThat(() => handler()));
    for (handler of handlers) {
      expect(await failureOf(api.getAuthor({ id: '7' }))).toMatchObject({ code, message });
    }
  });

  test('of an observable after the end of its call does not end the process', async () => {
    const gone = new AbortController();
    let fail = () => {};
    const failing = new Promise<Author>((_, reject) => {
      fail = () => reject(new Error('late'));
    });
    const api = await start(
      controllerThat(({ id }) => {
        if (id === 'other') return someone({ id });
        setImmediate(() => gone.abort());
        return from(failing);
      }),
    );
    expect(await failureOf(api.getAuthor({ id: '7' }, { signal: gone.signal }))).toMatchObject({ code: 'CANCELLED' });
    fail();
    expect(await api.getAuthor({ id: 'other' })).toMatchObject({ id: 'other' });
  });

  test('of a filter itself is INTERNAL', async () => {
    @Catch(Teapot)
    class BrokenFilter implements RpcExceptionFilter {
      catch(): Observable<never> {
        throw new Error('secret');
      }
    }
    const api = await start(controllerThat(brew, UseFilters(BrokenFilter)));
    expect(await failureOf(api.getAuthor({ id: '7' }))).toMatchObject({ code: 'INTERNAL', message: 'internal error' });
  });
});

test('the last value of an observable is the answer; without a value it is INTERNAL', async () => {
  let handler: () => unknown = () => {};
  const api = await start(controllerThat(() => handler()));
  for (handler of [
    () => of(someone({ id: '7' })),
    () => from(Promise.resolve(someone({ id: '7' }))),
    async () => of(someone({ id: '7' })),
    () => of(someone({ id: '1' }), someone({ id: '7' })),
  ]) {
    expect(await api.getAuthor({ id: '7' })).toMatchObject({ id: '7' });
  }
  handler = () => new Observable((subscriber) => subscriber.complete());
  expect(await failureOf(api.getAuthor({ id: '7' }))).toMatchObject({ code: 'INTERNAL' });
});

test('payload, metadata and the current call are injected', async () => {
  @Controller()
  class Authors {
    @GrpcMethod('AuthorService', 'GetAuthor')
    @Scopes('authors:read')
    find(@Payload('id') id: string, @Ctx() metadata: Metadata) {
      return { ...someone({ id }), name: `${metadata.get('x-request-id')} ${currentCall()?.method}` };
    }
  }
  const api = await start(Authors);
  const { name } = await api.getAuthor({ id: '7' });
  expect(name).toContain(AuthorServiceService.getAuthor.path);
});

test('a request-scoped provider is created for each call', async () => {
  let made = 0;
  @Injectable({ scope: Scope.REQUEST })
  class Counter {
    readonly number = ++made;
    constructor(@Inject(REQUEST) readonly request: { data: GetAuthorRequest }) {}
  }
  @Controller()
  class Authors {
    constructor(private readonly counter: Counter) {}

    @GrpcMethod('AuthorService')
    @Scopes('authors:read')
    getAuthor(_request: GetAuthorRequest) {
      return { ...someone(this.counter.request.data), name: String(this.counter.number) };
    }
  }
  const api = await start(Authors, [Counter]);
  expect(await api.getAuthor({ id: 'a' })).toMatchObject({ id: 'a', name: '1' });
  expect(await api.getAuthor({ id: 'b' })).toMatchObject({ id: 'b', name: '2' });
});

test('scopes guard the methods of request-scoped controllers, too', async () => {
  @Controller({ scope: Scope.REQUEST })
  class Authors {
    @GrpcMethod('AuthorService')
    getAuthor(request: GetAuthorRequest) {
      return someone(request);
    }
  }
  await expect(start(Authors)).rejects.toThrow('@Scopes is missing on Authors.getAuthor');
});
