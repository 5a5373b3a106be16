import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

/** Node has it; its types for Node 20 do not say so. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

/** Leaves out no table. */
export const EVERYTHING = { externalTables: [], externalEnums: [] };

let loaded: Promise<void> | undefined;

/**
 * Prisma's schema engine, the part behind `prisma migrate`, as WebAssembly: nothing to download, for any platform. Its
 * connections, and its lock with them, go when it is disposed of.
 */
export async function startSchemaEngine(databaseUrl: string, datamodels?: [string, string][]) {
  loaded ??= load();
  await loaded;
  const { host, port, user, password, database, ssl } = new pg.Client(databaseUrl);
  const config = { host, port, user, password: password ?? '', ssl, max: 1 };
  const pools: pg.Pool[] = [];
  const connect = (name = database) => {
    const pool = new CatalogPool({ ...config, database: name ?? '' });
    pools.push(pool);
    return adapterOf(pool);
  };
  const adapters = {
    provider: 'postgres' as const,
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(),
    /** For a database in which the engine runs all migrations. The adapter's own drops it while it is in use. */
    connectToShadowDb: async () => {
      const name = `prisma_migrate_shadow_db_${randomUUID()}`;
      const main = await connect();
      await main.executeScript(`CREATE DATABASE "${name}"`);
      const shadow = await connect(name);
      const dispose = shadow.dispose.bind(shadow);
      shadow.dispose = async () => {
        await dispose();
        await main.executeScript(`DROP DATABASE "${name}"`);
      };
      return shadow;
    },
  };
  const engine = await glue.SchemaEngine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(adapters));
  const end = () => Promise.all(pools.filter((pool) => !pool.ending).map((pool) => pool.end()));
  return { engine, [Symbol.asyncDispose]: async () => void (await end()) };
}

async function load(): Promise<void> {
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const { instance } = await WebAssembly.instantiate(await readFile(file.replace(/\.js$/, '.wasm')), {
    './schema_engine_bg.js': glue,
  });
  const { __wbg_set_wasm } = glue as unknown as { __wbg_set_wasm(exports: object): void };
  __wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as (() => void) | undefined)?.();
}

async function adapterOf(pool: CatalogPool) {
  const adapter = await new PrismaPg(pool).connect();
  // The adapter splits a script at every semicolon, also within a string or a function; PostgreSQL does not.
  adapter.executeScript = async (sql) => void (await adapter.executeRaw({ sql, args: [], argTypes: [] }));
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    const isChar = pool.charColumns.get(result.rows) ?? [];
    const columnTypes = result.columnTypes.map((type, i) => (isChar[i] ? ColumnTypeEnum.Character : type));
    return { ...result, columnTypes };
  };
  adapter.dispose = () => pool.end();
  return adapter;
}

const CHAR = 18;
const TEXT = 25;

/** The adapter refuses the type "char", which PostgreSQL's catalogue uses: such columns pass as text, and are noted. */
class CatalogPool extends pg.Pool {
  readonly charColumns = new WeakMap<object, boolean[]>();

  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override async query(...args: any[]): Promise<any> {
    const result = await (super.query as (...args: unknown[]) => Promise<pg.QueryResult>)(...args);
    // A script of several statements has a list of results.
    if (Array.isArray(result)) return result;
    const isChar = result.fields.map(({ dataTypeID }) => dataTypeID === CHAR);
    this.charColumns.set(result.rows, isChar);
    for (const field of result.fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
    return result;
  }
}

/**
 * The SQL that makes a database what a Prisma schema says; undefined when it is that already.
 *
 * @throws Error for an invalid schema, with Prisma's explanation
 */
export async function diffToSchema(databaseUrl: string, schema: string): Promise<string | undefined> {
  await using started = await startSchemaEngine(databaseUrl);
  const files = [{ path: 'schema.prisma', content: schema }];
  const { exitCode, stdout } = await started.engine.diff({
    from: { tag: 'schemaDatasource', files, configDir: '.' }, // which means the database
    to: { tag: 'schemaDatamodel', files },
    script: true,
    exitCode: true, // 2 for a difference
    filters: EVERYTHING,
  });
  return exitCode === 2 ? (stdout ?? '') : undefined;
}
