// Makes proto/gen from the .proto files: TypeScript, and the descriptors that reflection serves.
import { generate } from './contract.mjs';

if (!generate('.')) process.exit(1);
