import '../postgres/ignore-pg-variables.js';
import { SandboxError } from '../sandbox-error.js';
import { writeMigration } from './write-migration.js';

/** `npm run new-migration -- SERVICE NAME [--sql-only]`: writes a service's next migration. */

const args = process.argv.slice(2);
const sqlOnly = args.includes('--sql-only');
const [service, name, ...rest] = args.filter((arg) => arg !== '--sql-only');
try {
  if (service === undefined || name === undefined || rest.length > 0) {
    throw new SandboxError('usage: new-migration <service folder> <name> [--sql-only], as in: author-service add_isbn');
  }
  const { file, drops } = await writeMigration(service, name, { sqlOnly });
  console.log(`wrote ${file}`);
  if (drops) console.log('It drops something, with its data: a renamed column looks like one dropped and one added.');
} catch (error) {
  console.error(error instanceof SandboxError ? error.message : error);
  process.exitCode = 1;
}
