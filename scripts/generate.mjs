// Makes proto/gen from the .proto files: TypeScript, and the descriptors that reflection serves. With --agree also
// contract.binpb, by which a breaking change is agreed on: to be committed by itself, with the reason. Then it writes the
// development passwords of each service's database, adds a new service to the compose files, and draws the pictures of the
// README.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addServicesToComposeFiles } from './compose-files.mjs';
import { agree, generate } from './contract.mjs';
import { drawPictures } from './pictures.mjs';
import { exitOn, packageProblem } from './requirements.mjs';
import { root } from './run.mjs';
import { services } from './services.mjs';

exitOn(packageProblem());
if (!generate('.') || (process.argv.includes('--agree') && !agree())) process.exit(1);
for (const { shortName } of services) {
  for (const role of ['migrator', 'service']) {
    const file = path.join(root, 'sandbox/dev-secrets', `${shortName}-db-${role}-password`);
    // An existing one has this content, and may be read-only.
    if (!existsSync(file)) writeFileSync(file, `development-only-${shortName}-${role}`);
  }
}
addServicesToComposeFiles();
await drawPictures();
