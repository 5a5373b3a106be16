// Makes proto/gen from the .proto files: TypeScript, and the descriptors that reflection serves. With --agree also
// contract.binpb, by which a breaking change is agreed on: to be committed by itself, with the reason. Then it draws the
// pictures of the README.
import { agree, generate } from './contract.mjs';
import { drawPictures } from './pictures.mjs';
import { exitOn, packageProblem } from './requirements.mjs';

exitOn(packageProblem());
if (!generate('.') || (process.argv.includes('--agree') && !agree())) process.exit(1);
await drawPictures();
