import { isDeepStrictEqual } from 'node:util';
import { SandboxError } from '@bookstore/sandbox';
import { rawCall } from '@bookstore/sandbox/testing';
import { Metadata } from '@grpc/grpc-js';
import { insertRows } from './data.js';
import type { Operation } from './operations.js';
import type { Peer } from './start-peer.js';

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
  // What a page token holds is each server's own business.
  const generated = ['nextPageToken', ...(creates ? ['id', 'createdAt'] : [])];
  for (const request of requests) {
    const message = method.requestSerialize(request as never);
    const call = async ({ servers }: Peer) => {
      const bytes = await rawCall(servers[service].address, method.path, message, metadata);
      const answer = Object.entries(method.responseDeserialize(bytes));
      return Object.fromEntries(answer.filter(([field]) => !generated.includes(field)));
    };
    const answers = await Promise.all(peers.map(call));
    if (answers.every((answer) => isDeepStrictEqual(answer, answers[0]))) continue;
    const shown = answers.map((answer, index) => `${peers[index]?.name}: ${JSON.stringify(answer).slice(0, 1000)}`);
    throw new SandboxError(`different answers to ${JSON.stringify(request)}:\n${shown.join('\n')}`);
  }
}
