import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { atOnce, runCommand, SandboxError } from '@bookstore/sandbox';
import { saveMeasured, tableOf } from './report.js';
import { Run, type Scenario } from './scenario.js';
import { databaseOutage } from './scenarios/database-outage.js';
import { frozenPeer } from './scenarios/frozen-peer.js';
import { killPoints } from './scenarios/kill-points.js';
import { killedService } from './scenarios/killed-service.js';
import { malformedRequests } from './scenarios/malformed-requests.js';
import { networkFaults } from './scenarios/network-faults.js';
import { overload } from './scenarios/overload.js';
import { races } from './scenarios/races.js';
import { rollingRestart } from './scenarios/rolling-restart.js';

/** Those that wait for long come first: in a short run, others run beside them. */
const scenarios: readonly Scenario[] = [
  malformedRequests,
  databaseOutage,
  frozenPeer,
  rollingRestart,
  killPoints,
  killedService,
  networkFaults,
  races,
  overload,
];
/** How many a short run has beside each other, where no image is built. */
const LANES = 3;

const USAGE = `Usage: npm run chaos -- [options]

Injects faults into a bookstore of its own, and prints which promises are held.

  --target <name>  embedded (the default), or compose: containers, on a Docker Engine
  --only <a,b>     only these scenarios: ${scenarios.map(({ name }) => name).join(', ')}
  --short          less of each scenario, and several beside each other
  --untimed        broken promises about time do not fail the command: for a busy machine
  --save           writes what was measured into docs/reliability.md
  --help           prints this text`;

await runCommand('chaos', async (stop) => {
  const { target, only, save, help, ...options } = parseArgs({
    options: {
      target: { type: 'string', default: 'embedded' },
      only: { type: 'string' },
      short: { type: 'boolean', default: false },
      untimed: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
  if (help) return console.log(USAGE);
  if (target !== 'embedded' && target !== 'compose') throw new SandboxError('--target must be embedded or compose');
  if (save && (options.short || only)) throw new SandboxError('--save needs a full run');
  const chosen = choose(target, only?.split(','));
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const stopped = once(stop, 'abort');
  const runs: Run[] = [];
  const play = (lanes: number, some: readonly Scenario[]) =>
    atOnce(lanes, some.length, async (index) => {
      if (stop.aborted) return;
      const { name, [target]: scenario } = some[index] as Scenario;
      const say = (line: string) => console.log(`${String(seconds()).padStart(5)} s  ${name}: ${line}`);
      const run = new Run(name, options, say, stopped);
      runs.push(run);
      await scenario?.(run);
    });
  const beside = chosen.filter((scenario) => scenario !== overload);
  await play(options.short && target === 'embedded' ? LANES : 1, beside);
  // Another scenario beside an overload would change what it measures.
  if (beside.length < chosen.length) await play(1, [overload]);
  if (stop.aborted) throw new SandboxError('stopped before the end');

  const broken = runs.flatMap((run) => run.broken).length;
  const summary = `${broken === 0 ? 'All promises held' : `${broken} promises broken`}, after ${seconds()} s`;
  console.log(`\n${tableOf(runs)}\n\n${summary}`);
  if (save) saveMeasured(target, summary, tableOf(runs));
  const failing = runs.flatMap((run) => run.failing).length;
  if (failing > 0) throw new SandboxError(`${failing} broken promises`);
});

function choose(target: 'embedded' | 'compose', names?: readonly string[]): readonly Scenario[] {
  const possible = scenarios.filter((scenario) => scenario[target]);
  const missing = names?.find((name) => !possible.some((scenario) => scenario.name === name));
  if (missing !== undefined) throw new SandboxError(`the target ${target} has no scenario ${missing}`);
  return possible.filter(({ name }) => names?.includes(name) ?? true);
}
