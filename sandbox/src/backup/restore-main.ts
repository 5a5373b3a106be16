import { SandboxError } from '../sandbox-error.js';
import { restore } from './restore.js';
import { runCommand } from './run-command.js';

/** `npm run restore`: a backup in place of what the bookstore in Docker Compose holds. */

await runCommand('restore', async (signal) => {
  const [folder, ...rest] = process.argv.slice(2);
  if (folder === undefined || folder.startsWith('-') || rest.length > 0)
    throw new SandboxError('usage: npm run restore -- FOLDER, one that npm run backup has made');
  await restore({ folder, onStep: (what) => console.log(`  ${what}`), signal });
});
