import { parseArgs } from 'node:util';
import { SandboxError } from '../sandbox-error.js';
import { backup } from './backup.js';
import { runCommand } from './run-command.js';

/** `npm run backup`: both databases of the bookstore that Docker Compose runs, into ./backups. */

await runCommand('backup', async (signal) => {
  const folder = await backup({ into: readFolder(), onStep: (what) => console.log(`  ${what}`), signal });
  console.log(`\n  ${folder}; to bring it back: npm run restore -- ${folder}`);
});

function readFolder(): string {
  try {
    const { values } = parseArgs({ options: { into: { type: 'string', default: 'backups' } } });
    return values.into;
  } catch (cause) {
    throw new SandboxError('usage: npm run backup [-- --into FOLDER]', { cause });
  }
}
