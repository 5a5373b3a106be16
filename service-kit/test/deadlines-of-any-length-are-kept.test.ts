import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { AuthorServiceClient, AuthorServiceService } from '@bookstore/proto';
import { http2Call, silence } from '@bookstore/sandbox/testing';
import { callPeer, currentCall } from '@bookstore/service-kit';
import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ControlledService, someone, startControlledService } from './controlled-service.js';

const { path } = AuthorServiceService.getAuthor;
const DAY_MS = 86_400_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

let controlled: ControlledService;
const sessions: Record<string, ClientHttp2Session> = {};
beforeAll(async () => {
  controlled = await startControlledService();
  const { publicPort, internalPort } = controlled.service;
  for (const [name, port] of Object.entries({ public: publicPort, internal: internalPort })) {
    sessions[name] = connect(`http://127.0.0.1:${port}`);
  }
});
afterAll(async () => {
  for (const session of Object.values(sessions)) session.close();
  controlled?.api.close();
  await controlled?.service.stop();
});
afterEach(() => {
  controlled.handler = someone;
});

const call = (timeout: string, port = 'public') =>
  http2Call(sessions[port] as ClientHttp2Session, path, { 'grpc-timeout': timeout });

/** How long the handler may take, ms, as it finds that at its begin. */
async function timeFor(timeout: string, port?: string): Promise<number> {
  let left = Number.NaN;
  controlled.handler = (request) => {
    left = (currentCall()?.deadline ?? Number.NaN) - Date.now();
    return someone(request);
  };
  expect(await call(timeout, port), timeout).toMatchObject({ code: 'OK' });
  return left;
}

const beyond = [
  ['30 days in hours', '720H'],
  ['30 days in minutes', '43200M'],
  ['30 days in seconds', '2592000S'],
  ['a second more than a timer can be', '2147484S'],
  ['four times that, which is no time at all by 32 bits', '8589935S'],
  ['the most hours', '99999999H'],
  ['the most minutes', '99999999M'],
  ['the most seconds', '99999999S'],
  ['more digits than gRPC allows', '99999999999H'],
] as const;

test.each(['public', 'internal'])(
  'on the %s port a deadline beyond 24 days is as long as a timer can be',
  async (port) => {
    for (const [what, timeout] of beyond) {
      const left = await timeFor(timeout, port);
      expect(left, what).toBeGreaterThan(24 * DAY_MS);
      expect(left, what).toBeLessThanOrEqual(LONGEST_TIMER_MS);
    }
  },
);

test.each([
  ['596H', 596 * 3_600_000],
  ['35791M', 35_791 * 60_000],
  ['2147483S', 2_147_483_000],
  ['99999999m', 99_999_999],
  ['99999999u', 99_999],
  ['20S', 20_000],
])('%s is as long as it says', async (timeout, ms) => {
  const left = await timeFor(timeout);
  expect(left).toBeLessThanOrEqual(ms);
  expect(left).toBeGreaterThan(ms - 10_000);
});

test.each(['0S', '0H', '1n', '99999n', '1u', '50m'])('%s passes soon', async (timeout) => {
  controlled.handler = silence;
  expect(await call(timeout)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

test.each(['soon', 'H', '720', '720h', ''])(
  "%j is unreadable, by grpc-js's own answer, and ends no other call",
  async (timeout) => {
    expect(await call(timeout)).toMatchObject({ code: 'INTERNAL', message: `Invalid grpc-timeout value "${timeout}"` });
    expect(await call('20S')).toMatchObject({ code: 'OK' });
  },
);

test('the longest deadline that the settings allow for a call to a peer is kept by it', async () => {
  const client = new AuthorServiceClient(`127.0.0.1:${controlled.service.internalPort}`, credentials.createInsecure());
  expect(await callPeer(client.getAuthor.bind(client), { id: '7' }, LONGEST_TIMER_MS)).toMatchObject({ id: '7' });
  client.close();
});

test('a service whose times are the longest that its settings allow serves, and keeps its connections', async () => {
  const longest = String(LONGEST_TIMER_MS);
  const patient = await startControlledService({
    MAX_CONNECTION_AGE_MS: String(Math.floor(LONGEST_TIMER_MS / 1.1)),
    DATABASE_ACQUIRE_TIMEOUT_MS: longest,
    DATABASE_STATEMENT_TIMEOUT_MS: longest,
    PEER_DEADLINE_MS: longest,
    READINESS_INTERVAL_MS: longest,
    DRAIN_TIMEOUT_MS: longest,
  });
  // grpc-js adds up to a tenth to the age of each connection, or takes it off.
  const connections = Array.from({ length: 16 }, () => connect(`http://127.0.0.1:${patient.service.publicPort}`));
  await Promise.all(connections.map((connection) => once(connection, 'connect')));
  for (let round = 0; round < 5; round++) {
    for (const connection of connections) {
      expect(await http2Call(connection, path)).toMatchObject({ code: 'OK' });
    }
  }
  expect(connections.filter(({ closed, destroyed }) => closed || destroyed)).toEqual([]);
  for (const connection of connections) connection.close();
  patient.api.close();
  await patient.service.stop();
});
