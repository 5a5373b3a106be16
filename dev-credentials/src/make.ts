import { readdirSync } from 'node:fs';
import { makeCredentials } from './make-credentials.js';
import { makePasswords } from './make-passwords.js';

/**
 * `node make.js FOLDER`: makes everything that compose.secure.yaml needs, once. Each service has a volume at
 * FOLDER/NAME-service, and its database one at FOLDER/NAME-db.
 */

const [folder] = process.argv.slice(2);
const services = folder ? readdirSync(folder).filter((name) => name.endsWith('-service')) : [];
if (!folder || services.length === 0) {
  console.error('usage: node make.js FOLDER, which has a folder for each service');
  process.exit(2);
}
const made = await makeCredentials(folder, services);
makePasswords(folder, services);
console.log(made ? 'made a certificate authority, certificates and keys' : 'certificates and keys are there');
