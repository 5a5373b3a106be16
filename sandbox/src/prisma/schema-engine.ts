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
  const database = new Database(databaseUrl);
  const adapter = bindMigrationAwareSqlAdapterFactory(database);
  const engine = await glue.SchemaEngine.new({ datamodels }, () => {}, adapter);
  return { engine, [Symbol.asyncDispose]: () => database.end() };
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

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

/** The engine's way to a database: Prisma's adapter for pg, with what the engine needs and the adapter lacks. */
class Database {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';
  readonly #config: pg.PoolConfig;
  readonly #pools: pg.Pool[] = [];

  constructor(url: string) {
    // Not as a connectionString: that would win over the name of the shadow database.
    const { host, port, user, password, database, ssl } = new pg.Client(url);
    this.#config = { host, port, user, password: password ?? '', database: database ?? '', ssl, max: 1 };
  }

  connect(): Promise<Adapter> {
    return this.#open({});
  }

  async #open(config: pg.PoolConfig): Promise<Adapter> {
    const pool = new CatalogPool({ ...this.#config, ...config });
    this.#pools.push(pool);
    const adapter = await new PrismaPg(pool).connect();
    // The adapter splits a script at every semicolon, also within a string or a function; PostgreSQL does not.
    adapter.executeScript = async (sql) => void (await adapter.executeRaw({ sql, args: [], argTypes: [] }));
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => restoreChars(await queryRaw(query));
    adapter.dispose = () => pool.end();
    return adapter;
  }

  /** A database of its own, in which the engine runs all migrations. The adapter's own drops it while it is in use. */
  async connectToShadowDb(): Promise<Adapter> {
    const name = `prisma_migrate_shadow_db_${randomUUID()}`;
    const main = await this.connect();
    await main.executeScript(`CREATE DATABASE "${name}"`);
    const shadow = await this.#open({ database: name });
    const dispose = shadow.dispose.bind(shadow);
    shadow.dispose = async () => {
      await dispose();
      await main.executeScript(`DROP DATABASE "${name}"`);
      await main.dispose();
    };
    return shadow;
  }

  async end(): Promise<void> {
    await Promise.all(this.#pools.filter((pool) => !pool.ending).map((pool) => pool.end()));
  }
}

const CHAR = 18;
const TEXT = 25;
const CHAR_PREFIX = '"char" ';

/** The adapter refuses columns of the type "char", which the catalogue has: they pass as text, and are marked. */
class CatalogPool extends pg.Pool {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg
  override async query(...args: any[]): Promise<any> {
    const result = await (super.query as (...args: unknown[]) => Promise<pg.QueryResult>)(...args);
    for (const field of result.fields ?? []) {
      if (field.dataTypeID === CHAR) Object.assign(field, { name: CHAR_PREFIX + field.name, dataTypeID: TEXT });
    }
    return result;
  }
}

function restoreChars({ columnNames, columnTypes, rows }: Awaited<ReturnType<Adapter['queryRaw']>>) {
  return {
    columnNames: columnNames.map((name) => name.replace(CHAR_PREFIX, '')),
    columnTypes: columnTypes.map((type, i) =>
      columnNames[i]?.startsWith(CHAR_PREFIX) ? ColumnTypeEnum.Character : type,
    ),
    rows,
  };
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
