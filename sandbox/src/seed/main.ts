import { Presets, SingleBar } from 'cli-progress';
import { aborted, runCommand } from '../command.js';
import { SandboxError } from '../sandbox-error.js';
import { readCatalogue } from './catalogue.js';
import { connect } from './connect.js';
import { load, Tally } from './load.js';
import { madeUpData } from './made-up-data.js';
import { seedOptions, USAGE } from './options.js';

await runCommand('seed', async (stop) => {
  const options = seedOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const { madeUp, addresses } = options;
  const data = madeUp ? madeUpData(madeUp.authors, madeUp.books) : readCatalogue();
  const bookstore = await connect(options);
  const { authors, books } = data;
  console.log(`Adding ${authors.length} authors at ${addresses.author}, ${books.length} books at ${addresses.book}`);
  const startedAt = performance.now();
  // It shows nothing where there is no terminal.
  const bar = new SingleBar(
    { format: '{bar} {percentage}% | {value}/{total} | {eta_formatted} to go', clearOnComplete: true },
    Presets.shades_classic,
  );
  const progress = { authors: new Tally(), books: new Tally(), onStep: () => bar.increment() };
  bar.start(authors.length + books.length, 0);
  try {
    await Promise.race([load(data, bookstore, progress), aborted(stop)]);
  } finally {
    bar.stop();
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`Authors: ${progress.authors}. Books: ${progress.books}. ${seconds} s`);
  }
  if (stop.aborted) throw new SandboxError('stopped; the next run continues here');
});
