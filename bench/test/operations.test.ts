import { AuthorServiceService, BookServiceService } from '@bookstore/proto';
import { expect, test } from 'vitest';
import { operations } from '../src/load/operations.js';

const all = operations({ authors: 1_000, books: 10_000 });

test('every method of both services is measured', () => {
  const methods = [AuthorServiceService, BookServiceService].flatMap((service) =>
    Object.values(service).map(({ path }) => path.replace('/bookstore.', '').replace('/', '.')),
  );

  expect(methods).toHaveLength(11);
  expect([...new Set(all.map(({ method }) => method))].toSorted()).toEqual(methods.toSorted());
});

test.each(all)(
  '$name has a goal beside nest-prisma, and beside pg in a closed loop',
  ({ goals, contenders, ofPeak }) => {
    expect(contenders).toEqual(expect.arrayContaining(['pg', 'nest-prisma', 'bookstore']));
    expect(goals).toContainEqual(expect.objectContaining({ against: 'nest-prisma' }));
    if (!ofPeak) expect(goals).toContainEqual(expect.objectContaining({ of: 'callsPerSecond', against: 'pg' }));
  },
);
