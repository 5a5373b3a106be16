import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { NO_PROXY } from '@bookstore/sandbox';
import { Client, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import type { Contender } from './contenders.js';
import { forContender, type Operation } from './operations.js';

type Answer = Record<string, unknown>;
type Method = MethodDefinition<object, Answer>;

/**
 * Asks two contenders the same, and compares what they say byte for byte, but for what each server makes up by itself.
 *
 * @throws Error at the first difference
 */
export async function compareAnswers(
  operation: Operation,
  contenders: readonly [Contender, Contender],
  requests: readonly object[],
  authorization: string,
): Promise<void> {
  const asked = contenders.map(({ name, services }) => ({
    client: new Client(services[operation.service].address, credentials.createInsecure(), NO_PROXY),
    requests: forContender(name, operation, requests),
  }));
  try {
    for (let index = 0; index < requests.length; index++) {
      const answers = await Promise.all(
        asked.map(({ client, requests }) => answer(client, operation, requests[index] as object, authorization)),
      );
      const [one, other] = answers as [string, string];
      if (one !== other) {
        const names = contenders.map(({ name }) => name).join(' and ');
        throw new Error(`${names} answer ${JSON.stringify(requests[index])} differently:\n${one}\n${other}`);
      }
    }
  } finally {
    for (const { client } of asked) client.close();
  }
}

function answer(client: Client, operation: Operation, request: object, authorization: string): Promise<string> {
  const { path, requestSerialize, responseDeserialize, responseSerialize } = methodOf(operation);
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, response) => {
      if (error || !response) return reject(error);
      for (const field of operation.madeByServer ?? []) response[field] = '';
      // What a page token holds is each one's own business.
      if ('nextPageToken' in response) response.nextPageToken = '';
      resolve(responseSerialize(response).toString('hex'));
    });
  });
}

function methodOf({ service, method }: Operation): Method {
  const { service: methods } = service === 'author-service' ? AuthorServiceClient : BookServiceClient;
  const name = method.slice(method.lastIndexOf('.') + 1);
  return (methods as unknown as Record<string, Method>)[`${name[0]?.toLowerCase()}${name.slice(1)}`] as Method;
}
