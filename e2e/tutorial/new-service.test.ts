import { afterAll, beforeAll, expect, test } from 'vitest';
import { outputOf } from '../src/process/output-of.js';
import { Reader, shownSteps } from '../src/tutorial/reader.js';

const answers = async (command: string, what = '') => {
  const { status, stdout } = await outputOf(command);
  return status === 0 && stdout.includes(what);
};
const hasKompose = await answers('kompose version', '1.38.0');
const hasRenderer = await answers('kustomize version || kubectl version --client');
const hasDocker = await answers('docker info');
/** The calls after `docker compose up` need its containers. */
const exceptions = [
  ...(hasKompose && hasRenderer
    ? []
    : [{ command: /^npm run k8s:|kubernetes-manifests/, lacks: 'kompose 1.38.0 and kustomize' }]),
  ...(hasDocker ? [] : [{ command: /^docker compose|Jemisin|Locus/, lacks: 'Docker' }]),
];

let reader: Reader;
beforeAll(async () => {
  reader = await Reader.start(exceptions);
});
afterAll(() => reader?.[Symbol.asyncDispose]());

// In their order: each stands on the ones before.
test.each(shownSteps('docs/new-service.md', exceptions))('line $line: $shown', ({ step }) => reader.follow(step));

test('then there is an award from each bookstore', () => {
  const awards = reader.answers.flatMap((answer) => /\w+ Award/.exec(answer) ?? []);
  expect(awards).toEqual(['Hugo Award', 'Nebula Award', ...(hasDocker ? ['Locus Award'] : [])]);
});
