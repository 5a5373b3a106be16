import { once } from 'node:events';
import { packagesOf } from './packages-of.js';

/**
 * `node --import wait-to-begin.js … main.js`: loads the packages that the program leans on, which is most of the time
 * that it takes to start, and none of the repository's code. That is loaded as it is once the parent sends the variables
 * it still lacks.
 */

const parentGone = () => process.exit(0);
process.once('disconnect', parentGone);
const told = once(process, 'message');

// What cannot be loaded ahead fails, if it must, where the program itself loads it.
for (const name of packagesOf(process.argv[1] ?? '')) await import(name).catch(() => {});

const [variables] = await told;
// From here on it is the program's to say what comes of that.
process.off('disconnect', parentGone);
Object.assign(process.env, variables);
