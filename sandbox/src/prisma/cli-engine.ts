import '../postgres/ignore-pg-variables.js';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { query } from '../postgres/query.js';
import { startSchemaEngine } from './schema-engine.js';

/**
 * Prisma's schema engine for its CLI, as WebAssembly in the place of the native one that the CLI downloads: JSON-RPC, one
 * message a line, on standard input and output. `scripts/schema-engine` starts it.
 */

const { values, positionals } = parseArgs({
  options: {
    datasource: { type: 'string' },
    datamodels: { type: 'string', multiple: true },
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
  },
  allowPositionals: true,
});
const { url = '' } = JSON.parse(values.datasource ?? '{}') as { url?: string };
const datamodels = values.datamodels?.map((file): [string, string] => [file, readFileSync(file, 'utf8')]);

// The CLI first asks whether the database is there, and would have it created.
if (positionals[0] === 'cli') {
  await query(url, 'SELECT').catch((error: Error) => {
    const fields = { error_code: 'P1001', message: error.message };
    console.error(`\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields })}`);
    process.exit(1);
  });
  process.exit(0);
}

const started = startSchemaEngine(url, datamodels);
const send = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === undefined) continue; // the answer to a print
  try {
    const engine = (await started).engine as unknown as Record<string, (params: object) => Promise<object>>;
    // Before it has had a shadow database, it says that it has no factory for one.
    if (method === 'evaluateDataLoss') await engine.devDiagnostic?.(params);
    let result = (await engine[method]?.(params)) ?? {};
    if (method === 'diff' && 'stdout' in result) {
      send({ id: `${id}-print`, method: 'print', params: { content: result.stdout } });
      result = { ...result, stdout: null };
    }
    send({ id, result });
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    send({ id, error: { code: 4466, message, data: { is_panic: false, message, error_code: code, meta: {} } } });
  }
}
process.exit(0);
