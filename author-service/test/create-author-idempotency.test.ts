import { randomUUID } from 'node:crypto';
import type { Author } from '@bookstore/proto';
import { query } from '@bookstore/sandbox';
import { createServiceDatabase, failureOf, startDatabaseProxy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());

const request = () => newAuthor({ requestId: randomUUID() });

const countOf = async (requestId: string) =>
  (await authors.database.query('SELECT FROM authors WHERE request_id = $1', [requestId])).rowCount;

test('the same content under the same request_id is the same author', async () => {
  const given = request();
  const author = await authors.api.createAuthor(given);

  expect(await authors.api.createAuthor(given)).toEqual(author);
  expect(await authors.api.createAuthor({ ...given, name: `  ${given.name} ` })).toEqual(author);
  expect(await authors.api.createAuthor({ ...given, requestId: given.requestId?.toUpperCase() ?? '' })).toEqual(author);
});

test('after an update it is that author as it is now, whoever has the address since', async () => {
  const given = request();
  const { id } = await authors.api.createAuthor(given);
  await authors.api.updateAuthor({ id, name: 'Renamed', email: newAuthor().email });
  const now = await authors.api.getAuthor({ id });
  expect(await authors.api.createAuthor(given)).toEqual(now);

  await authors.api.createAuthor(newAuthor({ email: given.email }));
  expect(await authors.api.createAuthor(given)).toEqual(now);
});

test('other content under the same request_id is REQUEST_ID_REUSED', async () => {
  const given = request();
  await authors.api.createAuthor(given);

  for (const other of [{ name: 'Other' }, { email: newAuthor().email }, { email: given.email.toUpperCase() }]) {
    expect(await failureOf(authors.api.createAuthor({ ...given, ...other }))).toMatchObject({
      code: 'ALREADY_EXISTS',
      reason: 'REQUEST_ID_REUSED',
      domain: 'bookstore',
      resource: { type: 'bookstore.author.v1.Author', name: given.requestId },
    });
  }
});

test('an address in use is EMAIL_TAKEN under another request_id and under none', async () => {
  const given = request();
  await authors.api.createAuthor(given);
  for (const requestId of [randomUUID(), '']) {
    expect(await failureOf(authors.api.createAuthor({ ...given, requestId }))).toMatchObject({ reason: 'EMAIL_TAKEN' });
  }
});

test('a refused request leaves its request_id free', async () => {
  const taken = await authors.api.createAuthor(newAuthor());
  const given = request();
  expect(await failureOf(authors.api.createAuthor({ ...given, email: taken.email }))).toMatchObject({
    reason: 'EMAIL_TAKEN',
  });
  expect(await authors.api.createAuthor(given)).toMatchObject({ email: given.email });
});

test('once the author is deleted the request_id is free', async () => {
  const given = request();
  const first = await authors.api.createAuthor(given);
  await authors.api.deleteAuthor({ id: first.id });

  const second = await authors.api.createAuthor({ ...given, name: 'Somebody else' });
  expect(second.id).not.toBe(first.id);
});

test('a retry whose author is deleted meanwhile creates another one', async () => {
  const { url, adminUrl } = await createServiceDatabase(inject('postgresUrl'), 'author-service');
  const proxy = await startDatabaseProxy(url);
  const { api, stop } = await startAuthors({ DATABASE_URL: proxy.url });
  onTestFinished(async () => {
    await stop();
    await proxy.stop();
  });
  const given = request();
  const first = await api.createAuthor({ ...given, requestId: '' });
  await query(adminUrl, 'UPDATE authors SET request_id = $1', [given.requestId]);
  // After the look-up of the address, and before that of the request.
  let isDeleted = false;
  proxy.injectFault(async (chunk, direction) => {
    if (direction === 'request' && !isDeleted && chunk.includes('"request_id" = $1')) {
      isDeleted = true;
      await query(adminUrl, 'DELETE FROM authors');
    }
    return chunk;
  });
  const second = await api.createAuthor(given);
  expect(isDeleted).toBe(true);
  expect(second.id).not.toBe(first.id);
});

test('without a request_id every request is a new one', async () => {
  const [one, other] = [await authors.api.createAuthor(newAuthor()), await authors.api.createAuthor(newAuthor())];
  expect(one.id).not.toBe(other.id);
});

test('twenty duplicates at once make one author, and each is told of it', async () => {
  for (let round = 0; round < 3; round++) {
    const given = request();
    const answers: Author[] = await Promise.all(Array.from({ length: 20 }, () => authors.api.createAuthor(given)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await countOf(given.requestId ?? '')).toBe(1);
  }
});

test('of many contents under one request_id at once one wins, and the others are told so', async () => {
  const requestId = randomUUID();
  const answers = await Promise.allSettled(
    Array.from({ length: 20 }, () => authors.api.createAuthor(newAuthor({ requestId }))),
  );
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === 'rejected') {
      expect(await failureOf(Promise.reject(answer.reason))).toMatchObject({ reason: 'REQUEST_ID_REUSED' });
    }
  }
});
