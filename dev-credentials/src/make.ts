import { makeCredentials } from './make-credentials.js';
import { makePasswords } from './make-passwords.js';

/** `node make.js FOLDER`: everything that compose.secure.yaml needs, made once. */

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node make.js FOLDER');
  process.exit(2);
}
const made = await makeCredentials(folder);
makePasswords(folder);
console.log(made ? 'made a certificate authority, certificates and keys' : 'certificates and keys are there');
