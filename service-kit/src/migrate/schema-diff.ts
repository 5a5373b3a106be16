import { MigrateError } from './migrate-error.js';
import { offlineDatabase } from './offline-database.js';
import { EVERYTHING, startSchemaEngine } from './schema-engine.js';

/**
 * The SQL from one Prisma schema, or none at all, to another; nothing when the database would be the same.
 *
 * @throws MigrateError for an invalid schema, with Prisma's explanation
 */
export async function schemaDiff(from: string | undefined, to: string): Promise<string | undefined> {
  const engine = await startSchemaEngine(offlineDatabase());
  const target = (content: string) => ({
    tag: 'schemaDatamodel' as const,
    files: [{ path: 'schema.prisma', content }],
  });
  try {
    const { exitCode, stdout } = await engine.diff({
      from: from === undefined ? { tag: 'empty' } : target(from),
      to: target(to),
      script: true,
      exitCode: true, // 2 for a difference
      filters: EVERYTHING,
    });
    return exitCode === 2 ? (stdout ?? '') : undefined;
  } catch (error) {
    throw new MigrateError((error as Error).message, { cause: error });
  }
}
