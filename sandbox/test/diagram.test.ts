import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readBookstore } from '../src/docs/bookstore-model.js';
import { draw } from '../src/docs/draw.js';
import { root } from '../src/kubernetes/paths.js';

const model = readBookstore();

// Drawn anew after `npm run build`: node sandbox/dist/docs/diagram.js
test('docs/diagram.svg shows what compose.yaml, the contract and the workspace say', () => {
  expect(readFileSync(path.join(root, 'docs/diagram.svg'), 'utf8')).toBe(draw(model));
});

test('it shows two services, their eleven methods, a database each, and a call each way', () => {
  expect(model.services.map(({ name, port, database }) => [name, port, database.name])).toEqual([
    ['author-service', '50051', 'author-db'],
    ['book-service', '50052', 'book-db'],
  ]);
  expect(model.services.flatMap(({ api }) => api.methods)).toHaveLength(11);
  expect(model.calls).toEqual([
    { from: 'author-service', to: 'book-service', port: '50062', method: 'AuthorReferenceService.CloseAuthor' },
    { from: 'book-service', to: 'author-service', port: '50061', method: 'AuthorService.GetAuthor' },
  ]);
  for (const { database } of model.services) expect(database.tables).not.toEqual([]);
});
