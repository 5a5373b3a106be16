import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import type { Contender } from './contenders.js';
import type { Operation } from './operations.js';

type Method = MethodDefinition<object, { nextPageToken?: string }>;

/**
 * Asks two contenders the same, and compares what they say.
 *
 * @throws Error at the first difference
 */
export async function compareAnswers(
  operation: Operation,
  one: Contender,
  other: Contender,
  requests: readonly object[],
): Promise<void> {
  const clients = [one, other].map(
    ({ services }) => new Client(services[operation.service].address, credentials.createInsecure()),
  );
  try {
    for (const request of requests.slice(0, 50)) {
      const [first, second] = await Promise.all(clients.map((client) => answer(client, operation, request)));
      if (first !== second) {
        throw new Error(
          `${operation.name}: ${one.name} and ${other.name} differ on ${JSON.stringify(request)}:\n${first}\n${second}`,
        );
      }
    }
  } finally {
    for (const client of clients) client.close();
  }
}

function answer(client: Client, { method }: Operation, request: object): Promise<string> {
  const [, , service = '', name = ''] = method.split('.');
  const { service: methods } = service === 'AuthorService' ? AuthorServiceClient : BookServiceClient;
  const { path, requestSerialize, responseDeserialize, responseSerialize } = (
    methods as unknown as Record<string, Method>
  )[`${name[0]?.toLowerCase()}${name.slice(1)}`] as Method;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, response) => {
      if (error || !response) return reject(error);
      // Byte for byte, but for the page token: what it holds is each one's own business.
      if ('nextPageToken' in response) response.nextPageToken = '';
      resolve(responseSerialize(response).toString('hex'));
    });
  });
}
