import { isDeepStrictEqual } from 'node:util';
import { AuthorServiceClient, BookServiceClient } from '@bookstore/proto';
import { SandboxError } from '@bookstore/sandbox';
import { type CallSettings, promiseClient } from '@bookstore/sandbox/testing';
import { Metadata } from '@grpc/grpc-js';
import { insertRows } from './data.js';
import type { Operation } from './operations.js';
import type { Peer } from './start-peer.js';

type Calls = Record<string, (request: object, settings: CallSettings) => Promise<Record<string, unknown>>>;

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
  authorization = 'none',
): Promise<void> {
  const { service, method, creates } = operation;
  for (const { databases } of peers) await insertRows(operation, databases, requests);
  const metadata = Metadata.fromHttp2Headers({ authorization });
  const clients = peers.map(({ servers }) =>
    service === 'author-service'
      ? promiseClient(AuthorServiceClient, servers[service].address)
      : promiseClient(BookServiceClient, servers[service].address),
  );
  const name = method.replace(/^./, (first) => first.toLowerCase());
  // What a page token holds is each server's own business.
  const generated = ['nextPageToken', ...(creates ? ['id', 'createdAt'] : [])];
  for (const request of requests) {
    const answers = await Promise.all(
      clients.map((client) => (client as unknown as Calls)[name]?.(request, { metadata })),
    );
    for (const answer of answers) for (const field of generated) delete answer?.[field];
    if (answers.every((answer) => isDeepStrictEqual(answer, answers[0]))) continue;
    const shown = answers.map((answer, index) => `${peers[index]?.name}: ${JSON.stringify(answer).slice(0, 1000)}`);
    throw new SandboxError(`different answers to ${JSON.stringify(request)}:\n${shown.join('\n')}`);
  }
  for (const client of clients) client.close();
}
