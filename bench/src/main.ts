import path from 'node:path';
import { parseArguments } from './arguments.js';
import { type Contender, startBookstoreHere, startBookstoreIn, startPeer } from './contenders.js';
import { cores, pin } from './cpu.js';
import { type Measured, measure } from './measure.js';
import { operations } from './operations.js';
import { buildOtherVersion } from './other-version.js';
import { prepareData } from './prepare-data.js';
import { show, validity, write } from './report.js';
import { startBookstoreWithTelemetry } from './with-telemetry.js';

/** `npm run bench`: the bookstore beside its peers, in one run. */

const options = parseArguments(process.argv.slice(2));
const chosen = operations.filter(
  ({ name, mostBooks = Number.POSITIVE_INFINITY }) =>
    options.books <= mostBooks && (options.only.length === 0 || options.only.some((part) => name.includes(part))),
);
console.log(
  `${options.authors} authors, ${options.books} books; ${options.rounds} rounds of ${options.roundMs / 1000} s, taking turns`,
);

using other = options.against ? buildOtherVersion(options.against) : undefined;
const data = await prepareData(options.authors, options.books);
if (cores) pin(data.postgres.pid, cores.others);
const profiling = options.profile ? ['--cpu-prof', '--cpu-prof-dir', path.resolve(options.profile)] : [];
const contenders: Contender[] = [];
const all: Measured[] = [];
try {
  contenders.push(await startPeer('E', data.bare), await startPeer('B', data.bare), await startPeer('N', data.stock));
  contenders.push(await startBookstoreHere(data.bookstore, profiling));
  if (other) contenders.push(await startBookstoreIn(other.root, 'against', data.bookstore));
  if (options.telemetry) contenders.push(await startBookstoreWithTelemetry(data.bookstore, profiling));
  for (const operation of chosen) {
    try {
      const measured = await measure(operation, contenders, options.rounds, options.roundMs);
      all.push(measured);
      console.log(show(measured));
    } catch (error) {
      // What the others came to is not lost with one that answered with errors.
      console.error(`\n${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
} finally {
  await Promise.all(contenders.map((contender) => contender.stop()));
  await data.postgres.stop();
}
console.log(`\n${validity(all)}`);
if (options.out) write(path.resolve(options.out), `npm run bench -- ${process.argv.slice(2).join(' ')}`, all);
