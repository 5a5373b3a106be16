// Compares the databases that the environment names, then ends: node main.js [--repair]
import { fsckCommand } from './fsck-command.js';
import { databaseUrlsFrom } from './fsck-settings.js';

await fsckCommand(process.argv.slice(2), () => databaseUrlsFrom(process.env));
