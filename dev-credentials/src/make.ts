import { makeCredentials } from './make-credentials.js';
import { makePasswords } from './make-passwords.js';

/** `node make.js FOLDER SERVICE...`: makes everything that compose.secure.yaml needs, once. */

const [folder, ...services] = process.argv.slice(2);
if (!folder || services.length === 0) {
  console.error('usage: node make.js FOLDER SERVICE...');
  process.exit(2);
}
const made = await makeCredentials(folder, services);
makePasswords(folder, services);
console.log(made ? 'made a certificate authority, certificates and keys' : 'certificates and keys are there');
