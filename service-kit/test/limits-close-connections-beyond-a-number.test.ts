import { EventEmitter } from 'node:events';
import { type ClientHttp2Session, connect, type Http2Server } from 'node:http2';
import { createServiceDatabase, http2Call, startTestService } from '@bookstore/sandbox/testing';
import { expect, inject, test, vi } from 'vitest';
import { limitConnections } from '../src/limits/connections.js';
import { countingDefinition, METHODS } from './secured-service.js';

/** One, and those that are kept for this machine. */
const PLACES = 11;
const WAIT = { timeout: 10_000 };

test('a connection beyond the limit is closed, those that are open go on, and a place that falls free is taken', async () => {
  const { url } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  const service = await startTestService(countingDefinition([]), { DATABASE_URL: url, MAX_CONNECTIONS: '1' });
  const open = () => connect(`http://127.0.0.1:${service.publicPort}`).on('error', () => {});
  const call = async (session: ClientHttp2Session) => (await http2Call(session, METHODS[0] as string)).code;
  const callOnce = async () => {
    const session = open();
    const code = await call(session);
    session.destroy();
    return code;
  };

  // The connection that waited for the service to serve may still be closing.
  const sessions = await vi.waitFor(async () => {
    const opened = Array.from({ length: PLACES }, open);
    const codes = await Promise.all(opened.map(call));
    if (codes.some((code) => code !== 'OK')) for (const session of opened) session.destroy();
    expect(codes).toEqual(Array(PLACES).fill('OK'));
    return opened;
  }, WAIT);
  for (let attempt = 0; attempt < 5; attempt++) expect(await callOnce()).toMatch(/^stream closed/);
  expect(await Promise.all(sessions.map(call))).toEqual(Array(PLACES).fill('OK'));

  sessions.pop()?.destroy();
  await vi.waitFor(async () => expect(await callOnce()).toBe('OK'), WAIT);
  for (const session of sessions) session.destroy();
  await service.stop();
});

test('who fills the limit from elsewhere leaves places for the probes of this machine', () => {
  const server = new EventEmitter();
  limitConnections(server as Http2Server, 2);
  const isOpen = (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), { remoteAddress, destroy: vi.fn() });
    server.emit('connection', socket);
    return socket.destroy.mock.calls.length === 0;
  };
  expect(Array.from({ length: 4 }, () => isOpen('192.0.2.7'))).toEqual([true, true, false, false]);
  expect([isOpen('127.0.0.1'), isOpen('::1'), isOpen('::ffff:127.0.0.1')]).toEqual([true, true, true]);
  expect(isOpen('192.0.2.7')).toBe(false);
});
