import type { CheckedDatabase } from './checked-database.js';
import type { Finding } from './finding.js';

export interface Databases {
  readonly authors: CheckedDatabase;
  readonly books: CheckedDatabase;
}

/** Finds one sort of thing; `looked` is told how many it has looked at. */
export type Check = (databases: Databases, looked: (count: number) => void) => AsyncGenerator<Finding>;
