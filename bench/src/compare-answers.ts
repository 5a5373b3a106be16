import { isDeepStrictEqual } from 'node:util';
import { AuthorServiceService, BookServiceService } from '@bookstore/proto';
import { NO_PROXY, SandboxError } from '@bookstore/sandbox';
import { Client, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import { insertRows } from './data.js';
import type { Operation } from './operations.js';
import { type Peer } from './start-peer.js';

type Answer = Record<string, unknown>;

/**
 * Sends the same requests to each peer, and compares the responses but for the fields that a server generates. The
 * rows that the requests need are inserted first.
 *
 * @throws SandboxError at the first difference
 */
export async function compareAnswers(
  operation: Operation,
  peers: readonly Peer[],
  requests: readonly object[],
  authorization: string,
): Promise<void> {
  for (const { databases } of peers) await insertRows(operation, databases, requests);
  const clients = peers.map(
    (peer) => new Client(peer.servers[operation.service].address, credentials.createInsecure(), NO_PROXY),
  );
  try {
    for (const request of requests) {
      const answers = await Promise.all(clients.map((client) => call(client, operation, request, authorization)));
      if (answers.every((answer) => isDeepStrictEqual(answer, answers[0]))) continue;
      const names = peers.map(({ name }) => name).join(' and ');
      const shown = answers.map((answer) => JSON.stringify(answer).slice(0, 1000)).join('\n');
      throw new SandboxError(`${names} answer ${JSON.stringify(request)} differently:\n${shown}`);
    }
  } finally {
    for (const client of clients) client.close();
  }
}

async function call(client: Client, operation: Operation, request: object, authorization: string): Promise<Answer> {
  const path = `/bookstore.${operation.method.replace(/\.(\w+)$/, '/$1')}`;
  const methods: MethodDefinition<never, Answer>[] = [AuthorServiceService, BookServiceService].flatMap(Object.values);
  const method = methods.find((each) => each.path === path);
  if (!method) throw new Error(`no method ${path}`);
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  const answer = await new Promise<Answer>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      method.requestSerialize,
      method.responseDeserialize,
      request as never,
      metadata,
      (error, response) =>
        response ? resolve(response) : reject(new SandboxError(`${operation.name}: ${error?.message}`)),
    );
  });
  // What a page token holds is each server's own business.
  for (const field of [...(operation.generated ?? []), 'nextPageToken']) delete answer[field];
  return answer;
}
