import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cores } from './cpu.js';

const contract = fileURLToPath(new URL('gen/descriptors.binpb', import.meta.resolve('@bookstore/proto/package.json')));

/** One run of load against one address. */
export interface Load {
  readonly address: string;
  /** Such as author.v1.AuthorService.GetAuthor. */
  readonly method: string;
  readonly authorization: string;
  /** File with a JSON array of requests, sent in turn. */
  readonly dataFile: string;
  readonly inFlight: number;
  /** Runs so long, or until so many calls have been sent. */
  readonly until: { readonly durationMs: number } | { readonly calls: number };
  /** Calls per second of an open loop; as fast as answers come when absent. */
  readonly rate?: number;
}

/** What came of it; times in ms. */
export interface LoadResult {
  readonly calls: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

interface GhzReport {
  count: number;
  rps: number;
  statusCodeDistribution: Record<string, number>;
  latencyDistribution: { percentage: number; latency: number }[] | null;
}

/** @throws Error when ghz is missing or cannot run */
export async function runGhz({
  address,
  method,
  authorization,
  dataFile,
  inFlight,
  until,
  rate,
}: Load): Promise<LoadResult> {
  const args = [
    ...['--insecure', '--protoset', contract, '--call', `bookstore.${method}`],
    ...['--metadata', JSON.stringify({ authorization })],
    ...['--data-file', dataFile, '--concurrency', String(inFlight), '--connections', String(Math.min(4, inFlight))],
    ...('calls' in until
      ? ['--total', String(until.calls)]
      : ['--duration', `${until.durationMs}ms`, '--duration-stop', 'wait']),
    ...(rate ? ['--rps', String(Math.round(rate)), '--async'] : []),
    ...['--format', 'json', address],
  ];
  const pinned = cores ? (['taskset', ['-c', cores.others, 'ghz', ...args]] as const) : (['ghz', args] as const);
  // Collecting its garbage less often takes a fifth off what it costs, next to the server that it measures.
  const env = { ...process.env, GOGC: '800' };
  const ghz = spawn(pinned[0], pinned[1], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let problem = '';
  ghz.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  ghz.stderr.setEncoding('utf8').on('data', (text) => {
    problem += text;
  });
  const [status] = await once(ghz, 'close').catch(() => {
    throw new Error('the benchmark needs ghz on PATH: https://ghz.sh');
  });
  if (status !== 0) throw new Error(`ghz ended with status ${status}: ${problem}`);
  const report = JSON.parse(output) as GhzReport;
  const { OK = 0, ...errors } = report.statusCodeDistribution;
  const percentile = (wanted: number) =>
    (report.latencyDistribution?.find(({ percentage }) => percentage === wanted)?.latency ?? Number.NaN) / 1e6;
  return { calls: OK, errors, callsPerSecond: report.rps, p50: percentile(50), p99: percentile(99) };
}
