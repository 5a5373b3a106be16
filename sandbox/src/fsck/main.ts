import { fileURLToPath } from 'node:url';
import { fsckCommand } from '@bookstore/service-kit';
import { embeddedDatabases } from './embedded-databases.js';

/** `npm run fsck`: compares the databases of the bookstore that `npm start` runs, or of the two URLs given. */

const dataDir = fileURLToPath(new URL('../../../.sandbox', import.meta.url));

await fsckCommand(process.argv.slice(2), () => embeddedDatabases(dataDir));
