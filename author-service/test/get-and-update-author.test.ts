import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

const UNKNOWN_ID = '01890000-0000-7000-8000-000000000000';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());

const create = (given?: Parameters<typeof newAuthor>[0]) => authors.api.createAuthor(newAuthor(given));

test('an id in upper case is the same id', async () => {
  const author = await create();
  expect(await authors.api.getAuthor({ id: author.id.toUpperCase() })).toEqual(author);
});

describe('an id is refused', () => {
  test.each([
    ['when it is empty', '', 'is required'],
    ['without its hyphens', '0189000000007000800000000000000a', 'must be a UUID'],
    ['in braces', '{01890000-0000-7000-8000-00000000000a}', 'must be a UUID'],
    ['as a URN', 'urn:uuid:01890000-0000-7000-8000-00000000000a', 'must be a UUID'],
    ['with a letter beyond f', '01890000-0000-7000-8000-00000000000g', 'must be a UUID'],
    ['with blanks around it', ' 01890000-0000-7000-8000-00000000000a', 'must be a UUID'],
    ['with a line break after it', '01890000-0000-7000-8000-00000000000a\n', 'must be a UUID'],
    ['when it is a number', '1', 'must be a UUID'],
    ['with SQL', "' OR 1=1 --", 'must be a UUID'],
    ['with a NUL', '\0', 'must be a UUID'],
  ])('%s', async (_when, id, description) => {
    const expected = { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', fields: { id: description } };
    expect(await failureOf(authors.api.getAuthor({ id }))).toMatchObject(expected);
    expect(await failureOf(authors.api.updateAuthor({ id, name: 'x' }))).toMatchObject(expected);
    expect(await failureOf(authors.api.deleteAuthor({ id }))).toMatchObject(expected);
  });
});

test('no such author is NOT_FOUND with the id it was asked for', async () => {
  const { api } = authors;
  for (const call of [
    () => api.getAuthor({ id: UNKNOWN_ID }),
    () => api.updateAuthor({ id: UNKNOWN_ID, name: 'x' }),
    () => api.deleteAuthor({ id: UNKNOWN_ID }),
  ]) {
    expect(await failureOf(call())).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'AUTHOR_NOT_FOUND',
      domain: 'bookstore',
      resource: { type: 'bookstore.author.v1.Author', name: UNKNOWN_ID },
    });
  }
});

test('an update changes exactly the fields that it names', async () => {
  const author = await create();
  const { email } = newAuthor();

  expect(await authors.api.updateAuthor({ id: author.id, name: ' New Name ' })).toEqual({
    success: true,
    message: expect.stringContaining(author.id),
  });
  expect(await authors.api.getAuthor({ id: author.id })).toEqual({ ...author, name: 'New Name' });
  await authors.api.updateAuthor({ id: author.id, email });
  expect(await authors.api.getAuthor({ id: author.id })).toEqual({ ...author, name: 'New Name', email });
  await authors.api.updateAuthor({ id: author.id, name: author.name, email: author.email });
  expect(await authors.api.getAuthor({ id: author.id })).toEqual(author);
});

test('an update that names no field is INVALID_ARGUMENT', async () => {
  const { id } = await create();
  expect(await failureOf(authors.api.updateAuthor({ id }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_FIELD',
    fields: { name: expect.stringContaining('an update names a field') },
  });
});

test("an update to another author's address is EMAIL_TAKEN, to one's own in another case is not", async () => {
  const [one, other] = [await create({ email: 'one@update.example' }), await create()];

  expect(await failureOf(authors.api.updateAuthor({ id: other.id, email: 'ONE@update.example' }))).toMatchObject({
    code: 'ALREADY_EXISTS',
    reason: 'EMAIL_TAKEN',
  });
  await authors.api.updateAuthor({ id: one.id, email: 'One@Update.Example' });
  expect(await authors.api.getAuthor({ id: one.id })).toMatchObject({ email: 'One@Update.Example' });
});

test('of many authors who are given one address at once, one gets it', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await create()).id));
  const email = 'wanted@update.example';
  const outcomes = await Promise.allSettled(ids.map((id) => authors.api.updateAuthor({ id, email })));
  const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect(refused).toHaveLength(19);
  for (const { reason } of refused) {
    expect(await failureOf(Promise.reject(reason))).toMatchObject({ reason: 'EMAIL_TAKEN' });
  }
});

test('every bad field of an update is named at once', async () => {
  expect(await failureOf(authors.api.updateAuthor({ id: 'x', name: '', email: '' }))).toMatchObject({
    fields: { id: 'must be a UUID', name: 'is required', email: 'is required' },
  });
  expect(await failureOf(authors.api.updateAuthor({ id: 'x' }))).toMatchObject({
    fields: { id: 'must be a UUID', name: expect.stringContaining('an update names a field') },
  });
});

test('updates of one author at the same time are all applied, one after the other', async () => {
  const { id } = await create();
  const names = Array.from({ length: 20 }, (_, n) => `Name ${n}`);
  await Promise.all(names.map((name) => authors.api.updateAuthor({ id, name })));
  expect(names).toContain((await authors.api.getAuthor({ id })).name);
});
