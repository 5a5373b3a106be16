import { ColumnTypeEnum, type SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';

/**
 * Stands in for a PostgreSQL 18 where the schema engine only compares schemas: it asks for the server's version at its
 * start and for nothing after. Whatever else it might try fails here instead of reaching a database.
 */
export function offlineDatabase(): SqlMigrationAwareDriverAdapterFactory {
  const identity = { provider: 'postgres', adapterName: 'offline' } as const;
  const refuse = async () => {
    throw new Error('there is no database to compare schemas with');
  };
  const connection = {
    ...identity,
    queryRaw: async () => ({
      columnNames: ['exists', 'version', 'numeric_version'],
      columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
      rows: [[true, 'PostgreSQL 18.0', 180_000]],
    }),
    executeRaw: refuse,
    executeScript: refuse,
    startTransaction: refuse,
    dispose: async () => {},
  };
  return { ...identity, connect: async () => connection, connectToShadowDb: refuse };
}
