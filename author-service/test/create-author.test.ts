import { failureOf } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** One code point, two UTF-16 units, four bytes. */
const ASTRAL = '𝕏';

let authors: Authors;
beforeAll(async () => {
  authors = await startAuthors();
});
afterAll(() => authors?.stop());

const create = (given?: Parameters<typeof newAuthor>[0]) => authors.api.createAuthor(newAuthor(given));

test('a new author has a UUID version 7, its own fields and the time in UTC with milliseconds', async () => {
  const before = Date.now();
  const given = newAuthor({ name: 'Stanisław Lem' });
  const author = await authors.api.createAuthor(given);

  expect(author).toEqual({ id: expect.stringMatching(UUID_V7), ...given, createdAt: expect.any(String) });
  expect(author.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Math.abs(Date.parse(author.createdAt) - before)).toBeLessThan(60_000);
  expect(await authors.api.getAuthor({ id: author.id })).toEqual(author);
});

describe('a name is stored', () => {
  test.each([
    ['at one character', 'x', 'x'],
    ['at 200 characters', 'x'.repeat(200), 'x'.repeat(200)],
    ['at 200 code points of two UTF-16 units each', ASTRAL.repeat(200), ASTRAL.repeat(200)],
    ['without the blanks around it', ' \t\n Le  Guin \u00a0\u3000', 'Le  Guin'],
    ['at 200 characters within blanks', `  ${'x'.repeat(200)}  `, 'x'.repeat(200)],
    [
      'with quotes, SQL and markup as they are',
      `Robert'); DROP TABLE "authors";-- <b>`,
      `Robert'); DROP TABLE "authors";-- <b>`,
    ],
    ['with combining marks as they are', 'e\u0301', 'e\u0301'],
  ])('%s', async (_how, given, stored) => {
    const { id, name } = await create({ name: given });
    expect(name).toBe(stored);
    expect(await authors.api.getAuthor({ id })).toMatchObject({ name: stored });
  });
});

describe('a name is refused', () => {
  test.each([
    ['when it is empty', '', 'is required'],
    ['when it is blank', ' \u00a0\t ', 'is required'],
    ['at 201 characters', 'x'.repeat(201), 'must be at most 200 characters'],
    ['at 201 code points of two UTF-16 units each', ASTRAL.repeat(201), 'must be at most 200 characters'],
    [
      'at 199 characters and two code points of two units',
      'x'.repeat(199) + ASTRAL.repeat(2),
      'must be at most 200 characters',
    ],
    ['with a NUL', 'Le\0Guin', 'must not contain control characters'],
    ['with a NUL at its end', 'Le Guin\0', 'must not contain control characters'],
    ['with a line break inside', 'Le\nGuin', 'must not contain control characters'],
    ['with a DEL', 'Le\u007fGuin', 'must not contain control characters'],
    ['with a control character of C1', 'Le\u0085Guin', 'must not contain control characters'],
  ])('%s', async (_when, name, description) => {
    const expected = {
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      domain: 'bookstore',
      fields: { name: description },
    };
    expect(await failureOf(create({ name }))).toMatchObject(expected);
    const { id } = await create();
    expect(await failureOf(authors.api.updateAuthor({ id, name }))).toMatchObject(expected);
  });
});

const LONGEST_EMAIL = `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.com`;

describe('an e-mail address is stored as given', () => {
  test.each([
    ['with a plus and dots', 'first.last+tag@sub.example.co.uk'],
    ['in mixed case', 'Mixed.Case@Example.ORG'],
    ['with each sign that RFC 5321 allows', "!#$%&'*+-/=?^_`{|}~@example.com"],
    ['with a single character', 'x@example.com'],
    ['with digits and hyphens in the domain', 'x@1-2-3.example4.com'],
    ['under an internationalised domain', 'x@xn--e1afmkfd.xn--p1ai'],
    ['at 254 characters', LONGEST_EMAIL],
  ])('%s', async (_how, email) => {
    const { id } = await create({ email });
    expect(await authors.api.getAuthor({ id })).toMatchObject({ email });
  });
});

describe('an e-mail address is refused', () => {
  const INVALID = 'must be a valid e-mail address';
  test.each([
    ['when it is empty', '', 'is required'],
    ['without an @', 'example.com', INVALID],
    ['with two', 'a@b@example.com', INVALID],
    ['without a local part', '@example.com', INVALID],
    ['without a domain', 'a@', INVALID],
    ['without a dot in the domain', 'a@localhost', INVALID],
    ['with a dot first', '.a@example.com', INVALID],
    ['with a dot last', 'a.@example.com', INVALID],
    ['with two dots in a row', 'a..b@example.com', INVALID],
    ['with two dots in the domain', 'a@example..com', INVALID],
    ['with a domain that begins with a hyphen', 'a@-example.com', INVALID],
    ['with a domain that ends with a hyphen', 'a@example-.com', INVALID],
    ['with an address of IPv4 for a domain', 'a@127.0.0.1', INVALID],
    ['with a blank inside', 'a b@example.com', INVALID],
    ['with blanks around it', ' a@example.com ', INVALID],
    ['with a line break', 'a@example.com\n', INVALID],
    ['with a NUL', 'a\0@example.com', INVALID],
    ['with letters beyond ASCII', 'é@example.com', INVALID],
    ['with a display name', 'A <a@example.com>', INVALID],
    ['with a local part of 65 characters', `${'a'.repeat(65)}@example.com`, INVALID],
    ['with a part of the domain of 64 characters', `a@${'b'.repeat(64)}.com`, INVALID],
    ['at 255 characters', LONGEST_EMAIL.replace('.com', '.info'), 'must be at most 254 characters'],
  ])('%s', async (_when, email, description) => {
    const expected = { code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', fields: { email: description } };
    expect(await failureOf(create({ email }))).toMatchObject(expected);
    const { id } = await create();
    expect(await failureOf(authors.api.updateAuthor({ id, email }))).toMatchObject(expected);
  });

  test('at once, however it is made to keep a pattern busy', async () => {
    const startedAt = performance.now();
    await failureOf(create({ email: `${'a.'.repeat(100_000)}@` }));
    await failureOf(create({ email: `a@${'a-'.repeat(120)}` }));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

test('every bad field is named at once, as the .proto has it', async () => {
  expect(await failureOf(authors.api.createAuthor({ requestId: 'mine' }))).toEqual({
    code: 'INVALID_ARGUMENT',
    reason: 'INVALID_FIELD',
    domain: 'bookstore',
    metadata: {},
    message: expect.any(String),
    fields: { name: 'is required', email: 'is required', request_id: 'must be a UUID' },
    requestId: expect.any(String),
  });
});

describe('an e-mail address', () => {
  test('is unique without regard to case, and the answer does not repeat it', async () => {
    await create({ email: 'Taken@example.com' });
    const failure = await failureOf(create({ email: 'tAKEN@EXAMPLE.com' }));

    expect(failure).toMatchObject({
      code: 'ALREADY_EXISTS',
      reason: 'EMAIL_TAKEN',
      domain: 'bookstore',
      resource: { type: 'bookstore.author.v1.Author', name: 'email' },
    });
    expect(JSON.stringify(failure).toLowerCase()).not.toContain('taken@example.com');
  });

  test('is free again once its author is gone or has another', async () => {
    const first = await create({ email: 'moving@example.com' });
    await authors.api.deleteAuthor({ id: first.id });
    const second = await create({ email: 'moving@example.com' });
    await authors.api.updateAuthor({ id: second.id, email: 'moved@example.com' });
    await create({ email: 'moving@example.com' });
  });

  test('is given to one of many who ask at once', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => create({ email: i % 2 ? 'race@example.com' : 'RACE@example.com' })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const answer of answers) {
      if (answer.status === 'rejected') {
        expect(await failureOf(Promise.reject(answer.reason))).toMatchObject({ reason: 'EMAIL_TAKEN' });
      }
    }
  });
});
