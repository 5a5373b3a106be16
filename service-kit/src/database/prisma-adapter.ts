import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';

/**
 * More statements than the services have, and so no setting: text that is put together at run time must not fill the
 * database's memory.
 */
const MAX_NAMED = 500;

/** Prisma's driver on the kit's pool. */
export function prismaAdapter(pool: pg.Pool): PrismaPg {
  const names = new Map<string, string>();
  return new PrismaPg(pool, {
    // With a name, a statement is parsed and planned once for each connection instead of with each call.
    statementNameGenerator: ({ sql }) => {
      const known = names.get(sql);
      if (known !== undefined) return known;
      if (names.size >= MAX_NAMED) return ''; // no name
      const name = `bookstore_${names.size}`;
      names.set(sql, name);
      return name;
    },
  });
}
