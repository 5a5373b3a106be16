import { isDeepStrictEqual, promisify } from 'node:util';
import { NO_PROXY, SandboxError } from '@bookstore/sandbox';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { insertRows } from './data.js';
import type { Operation } from './operations.js';
import type { Peer } from './start-peer.js';

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
  authorization = 'none',
): Promise<void> {
  const { service, method, creates } = operation;
  for (const { databases } of peers) await insertRows(operation, databases, requests);
  const metadata = Metadata.fromHttp2Headers({ authorization });
  const { path, requestSerialize } = method;
  const responseDeserialize = method.responseDeserialize as (bytes: Buffer) => Answer;
  const clients = peers.map(
    ({ servers }) => new Client(servers[service].address, credentials.createInsecure(), NO_PROXY),
  );
  const call = promisify(
    (client: Client, request: object, callback: (error: ServiceError | null, answer?: Answer) => void) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request as never, metadata, callback),
  );
  // What a page token holds is each server's own business.
  const generated = ['nextPageToken', ...(creates ? ['id', 'createdAt'] : [])];
  for (const request of requests) {
    const answers = await Promise.all(clients.map((client) => call(client, request)));
    for (const answer of answers) for (const field of generated) delete answer?.[field];
    if (answers.every((answer) => isDeepStrictEqual(answer, answers[0]))) continue;
    const shown = answers.map((answer, index) => `${peers[index]?.name}: ${JSON.stringify(answer).slice(0, 1000)}`);
    throw new SandboxError(`different answers to ${JSON.stringify(request)}:\n${shown.join('\n')}`);
  }
  for (const client of clients) client.close();
}
