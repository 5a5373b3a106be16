import { afterAll, beforeAll, expect, test } from 'vitest';
import { Grpcui, isGrpcuiInstalled } from '../src/grpcui.js';
import { Reader, shownSteps } from '../src/tutorial/reader.js';

const exceptions = [{ command: /^grpcui /, ...(!isGrpcuiInstalled && { lacks: 'grpcui' }), run: readInGrpcui }];
let reader: Reader;
beforeAll(async () => {
  reader = await Reader.start(exceptions);
});
afterAll(() => reader?.[Symbol.asyncDispose]());

/** Its form for a new book has what was added. */
async function readInGrpcui({ ports }: Reader): Promise<void> {
  await using grpcui = await Grpcui.start(`127.0.0.1:${ports['50052']}`);
  expect(await grpcui.form('bookstore.book.v1.BookService.CreateBook')).toContain('Number of pages, from 1 to 100000');
}

// In their order: each stands on the ones before.
test.each(shownSteps('docs/tutorial.md', exceptions))('line $line: $shown', ({ step }) => reader.follow(step));

test('then a book has pages', () => {
  expect(reader.answers.at(-1)).toContain('"pages": 341');
});
