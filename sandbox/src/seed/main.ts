import { SandboxError } from '../sandbox-error.js';
import { catalogue } from './catalogue.js';
import { load } from './load.js';
import { parseOptions, USAGE, UsageError } from './options.js';
import { showProgress } from './progress-bar.js';
import { LoadReport } from './report.js';
import { stopOnSignal } from './stop.js';
import { synthetic } from './synthetic.js';
import { closeTarget, openTarget, waitForTarget } from './target.js';

/** Runs `npm run seed`; returns the exit code. */
async function seed(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const { authorAddress, bookAddress, concurrency } = options;
  const source = options.synthetic ? synthetic(options.synthetic.authors, options.synthetic.books) : catalogue;
  const target = openTarget(options);
  const stop = stopOnSignal();
  try {
    console.log(
      `Seeding ${source.authorCount} authors into ${authorAddress}, ${source.bookCount} books into ${bookAddress}`,
    );
    await waitForTarget(target, stop.signal);
    const report = new LoadReport(source);
    const hideProgress = showProgress(report);
    try {
      await load(source, target, report, { concurrency, signal: stop.signal });
    } finally {
      hideProgress();
      for (const line of report.problemLines()) console.error(line);
      console.log(`${report}`);
    }
    if (stop.signal.aborted) console.error('Stopped: the same command goes on from here');
    return stop.signal.aborted ? stop.exitCode() : Number(report.incomplete);
  } finally {
    closeTarget(target);
  }
}

try {
  process.exitCode = await seed();
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else if (error instanceof SandboxError) console.error(error.message);
  else console.error(error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
