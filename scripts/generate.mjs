// Makes proto/gen from the .proto files: TypeScript, and the descriptors that reflection serves. With --agree also
// contract.binpb, by which a breaking change is agreed on: to be committed by itself, with the reason.
import { agree, generate } from './contract.mjs';
import { exitOn, packageProblem } from './requirements.mjs';

exitOn(packageProblem());
if (!generate('.') || (process.argv.includes('--agree') && !agree())) process.exit(1);
