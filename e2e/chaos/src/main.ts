import { parseArgs } from 'node:util';
import { runCommand, SandboxError } from '@bookstore/sandbox';
import { atOnce } from './at-once.js';
import { Bookstore } from './bookstore/bookstore.js';
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
  const { help, target, only, short, untimed, save } = options();
  if (help) return console.log(USAGE);
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const runs: Run[] = [];
  const play = (lanes: number, chosen: readonly Scenario[]) =>
    atOnce(lanes, chosen.length, async (index) => {
      const { name, [target]: scenario } = chosen[index] as Scenario;
      const run = new Run(name, short, (line) => console.log(`${String(seconds()).padStart(5)} s  ${name}: ${line}`));
      runs.push(run);
      await run.play(scenario as NonNullable<typeof scenario>);
    });
  const playAll = async () => {
    const chosen = choose(target, only?.split(','));
    const lanes = short && target === 'embedded' ? LANES : 1;
    const others = chosen.filter(({ isAlone }) => !isAlone);
    await play(lanes, others);
    const alone = chosen.filter(({ isAlone }) => isAlone);
    await play(1, alone);
  };
  try {
    await Promise.race([playAll(), rejectedBy(stop)]);
  } finally {
    await Bookstore.removeAll();
  }
  const broken = runs.flatMap(({ findings }) => findings).filter(({ isHeld }) => !isHeld);
  const verdict = broken.length === 0 ? 'All promises held' : `${broken.length} promises broken`;
  const summary = `${verdict}, after ${seconds()} s`;
  console.log(`\n${tableOf(runs)}\n\n${summary}`);
  if (save) saveMeasured(target, summary, tableOf(runs));
  const failing = broken.filter(({ isTimed }) => !(untimed && isTimed));
  if (failing.length > 0) throw new SandboxError(`${failing.length} broken promises`);
});

function options() {
  try {
    const { values } = parseArgs({
      options: {
        target: { type: 'string', default: 'embedded' },
        only: { type: 'string' },
        short: { type: 'boolean', default: false },
        untimed: { type: 'boolean', default: false },
        save: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { target } = values;
    if (target === 'embedded' || target === 'compose') return { ...values, target } as const;
    throw new Error('--target must be embedded or compose');
  } catch (error) {
    throw new SandboxError((error as Error).message);
  }
}

function choose(target: 'embedded' | 'compose', names?: readonly string[]): readonly Scenario[] {
  const possible = scenarios.filter((scenario) => scenario[target]);
  const missing = names?.find((name) => !possible.some((scenario) => scenario.name === name));
  if (missing !== undefined) throw new SandboxError(`the target ${target} has no scenario ${missing}`);
  return possible.filter(({ name }) => names?.includes(name) ?? true);
}

function rejectedBy(stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    stop.addEventListener('abort', () => reject(new SandboxError('stopped before the end')));
  });
}
