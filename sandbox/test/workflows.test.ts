import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../src/kubernetes/paths.js';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Record<string, unknown>;
}
interface Workflow {
  readonly on: Record<string, unknown>;
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, { permissions: Record<string, string>; environment?: string; steps: Step[] }>;
}

const folder = path.join(root, '.github/workflows');
const texts = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]),
);
const workflows = Object.entries(texts).map(([name, text]) => ({ name, text, workflow: parse(text) as Workflow }));
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
/** What a step's script does, without its comments. */
const scriptOf = (run: string): string => {
  const [script] = /(?<=bash )scripts\/\S+/.exec(run) ?? [];
  return script ? readFileSync(path.join(root, script), 'utf8').replaceAll(/^\s*#.*$/gm, '') : '';
};
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps }) => steps);

test('there are three: checks, release, deploy', () => {
  expect(Object.keys(texts).sort()).toEqual(['ci.yml', 'deploy.yml', 'release.yml']);
});

describe.each(workflows)('$name', ({ text, workflow }) => {
  test('each action is one commit, and the comment beside it says which version that is', () => {
    const uses = text.match(/uses: .*/g) ?? [];
    for (const line of uses) expect(line).toMatch(/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('nothing is allowed but what a job asks for, and no job may write to the repository', () => {
    expect(workflow.permissions).toEqual({});
    for (const { permissions } of Object.values(workflow.jobs)) {
      expect(permissions.contents).toBe('read');
      for (const [what, access] of Object.entries(permissions)) if (access !== 'read') expect(what).toBe('id-token');
    }
  });

  test('no checkout leaves a token behind', () => {
    for (const { uses, with: given } of stepsOf(workflow)) {
      if (uses?.startsWith('actions/checkout@')) expect(given?.['persist-credentials']).toBe(false);
    }
  });

  test('nobody from outside runs it with secrets', () => {
    expect(Object.keys(workflow.on)).not.toEqual(expect.arrayContaining(['pull_request_target']));
    expect(Object.keys(workflow.on)).not.toEqual(expect.arrayContaining(['workflow_run']));
    for (const job of Object.values(workflow.jobs)) {
      if (JSON.stringify(job).includes('secrets.')) expect(job.environment).toMatch(/\w/);
    }
  });

  test('each shell step is one command: what takes more is a script, which has tests', () => {
    for (const { run = '' } of stepsOf(workflow)) {
      expect(run).not.toMatch(/\n|;|&&|\|\||\$\(/);
      const [, script] = /bash ((?:scripts|\.devcontainer)\/\S+)/.exec(run) ?? [];
      if (script) expect(existsSync(path.join(root, script)), script).toBe(true);
    }
  });

  test('a tool that the runner brings in a version of its own is set up in one', () => {
    const needs: [tool: RegExp, action: string][] = [
      [/\bkubectl\b/, 'azure/setup-kubectl@'],
      [/\bdocker buildx\b/, 'docker/setup-buildx-action@'],
    ];
    for (const { steps } of Object.values(workflow.jobs)) {
      const commands = steps.flatMap(({ run = '' }) => [run, scriptOf(run)]).join('\n');
      for (const [tool, action] of needs) {
        if (!tool.test(commands)) continue;
        const setUp = steps.find(({ uses }) => uses?.startsWith(action));
        expect(setUp?.with?.version, `${tool} in ${action}`).toMatch(/^v\d+\.\d+\.\d+$/);
      }
    }
  });

  test('each npm script that it runs is there', () => {
    const runs = stepsOf(workflow).flatMap(({ run = '' }) => [...run.matchAll(/npm (?:run )?([\w:]+)/g)]);
    for (const [, script = ''] of runs) if (script !== 'ci') expect(Object.keys(scripts)).toContain(script);
  });
});

test('what is deployed has been signed by the workflow that releases', () => {
  expect(texts['deploy.yml']).toContain('/.github/workflows/release.yml@refs/tags/v');
  expect(texts['release.yml']).toMatch(/tags: \["v/);
});
