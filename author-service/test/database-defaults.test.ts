import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Authors, newAuthor, startAuthors } from './start-authors.js';

/** Defaults that somebody may have set for another program, each of which changes answers where it counts. */
const DEFAULTS = {
  TimeZone: 'Asia/Kathmandu',
  DateStyle: 'SQL, DMY',
  bytea_output: 'escape',
  client_encoding: 'LATIN1',
  search_path: 'pg_catalog',
  default_transaction_isolation: 'serializable',
  plan_cache_mode: 'force_custom_plan',
};

describe.each([
  ['database', (name: string) => `DATABASE ${name}`],
  ['role', (name: string) => `ROLE author_service IN DATABASE ${name}`],
])("a service's answers do not depend on the defaults of its %s:", (_what, target) => {
  let authors: Authors;
  beforeAll(async () => {
    authors = await startAuthors({}, async (databaseUrl) => {
      const server = new pg.Client(inject('postgresUrl'));
      await server.connect();
      const altered = target(new URL(databaseUrl).pathname.slice(1));
      for (const [name, value] of Object.entries(DEFAULTS)) {
        // A list of styles, a path and the like are several values.
        await server.query(`ALTER ${altered} SET ${name} = ${value.split(', ').map(pg.escapeLiteral).join(', ')}`);
      }
      await server.end();
    });
  });
  afterAll(() => authors?.stop());

  test('the same request twice has the same answer, as have reads', async () => {
    const request = newAuthor({ name: 'Stanisław Lem ☄', requestId: randomUUID() });
    const author = await authors.api.createAuthor(request);
    expect(author.name).toBe(request.name);
    expect(Math.abs(Date.parse(author.createdAt) - Date.now())).toBeLessThan(60_000);
    expect(await authors.api.createAuthor(request)).toEqual(author);
    expect(await authors.api.getAuthor({ id: author.id })).toEqual(author);
    expect((await authors.api.listAuthors()).authors).toContainEqual(author);
  });

  test('changes at the same time all succeed', async () => {
    const { id } = await authors.api.createAuthor(newAuthor());
    const names = Array.from({ length: 50 }, (_, number) => `name ${number}`);
    await Promise.all(names.map((name) => authors.api.updateAuthor({ id, name })));
    expect(names).toContain((await authors.api.getAuthor({ id })).name);
  });

  test('a deletion begins, and ends', async () => {
    const { id } = await authors.api.createAuthor(newAuthor());
    await authors.api.deleteAuthor({ id });
    expect((await authors.api.listAuthors()).authors).not.toContainEqual(expect.objectContaining({ id }));
  });
});
