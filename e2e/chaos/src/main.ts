import { parseArgs } from 'node:util';
import { runCommand, SandboxError } from '@bookstore/sandbox';
import { ComposeBookstore, sharedCompose } from './bookstore/compose-bookstore.js';
import { sharedEmbedded, sharedWithProxies } from './bookstore/embedded-bookstore.js';
import { saveMeasured, tableOf } from './report.js';
import { type Finding, Run, type Scenario } from './scenario.js';
import { databaseOutage } from './scenarios/database-outage.js';
import { frozenPeer } from './scenarios/frozen-peer.js';
import { killPoints } from './scenarios/kill-points.js';
import { killedService } from './scenarios/killed-service.js';
import { malformedRequests } from './scenarios/malformed-requests.js';
import { networkFaults } from './scenarios/network-faults.js';
import { overload } from './scenarios/overload.js';
import { races } from './scenarios/races.js';
import { rollingRestart } from './scenarios/rolling-restart.js';

type Target = 'embedded' | 'compose';

const scenarios: readonly Scenario[] = [
  races,
  killPoints,
  killedService,
  overload,
  rollingRestart,
  frozenPeer,
  networkFaults,
  databaseOutage,
  malformedRequests,
];

const USAGE = `Usage: npm run chaos -- [options]

Injects faults into a bookstore of its own, and prints which promises are held.

  --target <name>  embedded (the default), or compose: containers, on a Docker Engine
  --only <a,b>     only these scenarios: ${scenarios.map(({ name }) => name).join(', ')}
  --short          less of each scenario: minutes instead of an hour
  --untimed        broken promises about time do not fail the command: for a busy machine
  --save           writes what was measured into docs/reliability.md
  --help           prints this text`;

await runCommand('chaos', async (stop) => {
  const { help, target, only, short, untimed, save } = options();
  if (help) return console.log(USAGE);
  const chosen = choose(target, only?.split(','));
  // A short run waits beside the other scenarios.
  const isBeside = ({ isMostlyWaiting = false }: Scenario) => short && isMostlyWaiting;
  const lanes = [chosen.filter((scenario) => !isBeside(scenario)), chosen.filter(isBeside)];
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const findings: Finding[] = [];
  const play = async (lane: readonly Scenario[]) => {
    for (const { name, [target]: scenario } of lane) {
      const run = new Run(name, short, (line) => console.log(`${String(seconds()).padStart(5)} s  ${name}: ${line}`));
      const isPlayed = await run.play(scenario as NonNullable<typeof scenario>);
      if (!isPlayed) await stopShared();
      findings.push(...run.findings);
    }
  };
  try {
    await Promise.race([Promise.all(lanes.map(play)), rejectedBy(stop)]);
  } finally {
    await stopShared();
    await ComposeBookstore.removeAll();
  }
  console.log(`\n${tableOf(findings)}\n`);
  const broken = findings.filter(({ isHeld }) => isHeld === false);
  const held = findings.filter(({ isHeld }) => isHeld);
  const summary = `${held.length} promises held, ${broken.length} broken, after ${seconds()} s`;
  console.log(summary);
  if (save) saveMeasured(target, findings, summary);
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

function choose(target: Target, names: readonly string[] | undefined): readonly Scenario[] {
  const possible = scenarios.filter((scenario) => scenario[target]);
  const missing = names?.find((name) => !possible.some((scenario) => scenario.name === name));
  if (missing !== undefined) throw new SandboxError(`the target ${target} has no scenario ${missing}`);
  return possible.filter(({ name }) => names?.includes(name) ?? true);
}

async function stopShared(): Promise<void> {
  await Promise.all([sharedEmbedded, sharedWithProxies, sharedCompose].map((shared) => shared.stop()));
}

function rejectedBy(stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    stop.addEventListener('abort', () => reject(new SandboxError('stopped before the end')));
  });
}
