import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { root } from '../src/kubernetes/paths.js';

type Environment = Record<string, string>;
interface Step {
  readonly run?: string;
  readonly if?: string;
  readonly env?: Environment;
}
interface Workflow {
  readonly env?: Environment;
  readonly jobs: Record<string, { readonly env?: Environment; readonly steps: readonly Step[] }>;
}

export interface JobOptions {
  /** What stands for `vars.NAME` and the like. */
  readonly values: Readonly<Record<string, string>>;
  /** What the runner sets, and the PATH that the steps find their tools on. */
  readonly env: Readonly<Environment>;
  readonly cwd: string;
}

/** Runs the shell steps of a workflow's job as a runner for Linux does, up to the first that fails, and then its clean-up. */
export async function runJob(file: string, job: string, { values, env, cwd }: JobOptions) {
  const workflow = parse(readFileSync(path.join(root, '.github/workflows', file), 'utf8')) as Workflow;
  const { env: ofJob, steps = [] } = workflow.jobs[job] ?? {};
  const evaluate = (environment: Environment = {}) =>
    Object.fromEntries(Object.entries(environment).map(([name, text]) => [name, substitute(text, values)]));
  const result = { status: 0, stderr: '' };
  for (const step of steps) {
    if (!step.run || (result.status !== 0 && step.if !== 'always()')) continue;
    const ofStep = { ...evaluate(workflow.env), ...evaluate(ofJob), ...evaluate(step.env), ...env };
    const { status, stderr } = await runStep(substitute(step.run, values), ofStep, cwd);
    result.status ||= status;
    result.stderr += stderr;
  }
  return result;
}

/** @throws Error for an expression that has no value: a runner would put nothing in its place */
function substitute(text: string, values: JobOptions['values']): string {
  return text.replaceAll(/\$\{\{ (.+?) \}\}/g, (_, expression: string) => {
    const [name = '', fallback] = expression.split(' || ');
    const value = values[name] ?? fallback?.replaceAll("'", '');
    if (value === undefined) throw new Error(`there is no value for ${expression}`);
    return value;
  });
}

function runStep(script: string, env: Environment, cwd: string): Promise<{ status: number; stderr: string }> {
  const child = spawn('bash', ['-e', '-c', script], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status: status ?? 1, stderr }));
  });
}
