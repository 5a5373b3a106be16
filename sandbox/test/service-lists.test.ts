import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Service, services } from '../../scripts/services.mjs';

// Lists of services that no program can derive from scripts/services.mjs, because a tool reads them. Each row is a file,
// and the text that it has for each service. A new list by hand gets a row here.

const root = fileURLToPath(new URL('../..', import.meta.url));
const composeFiles = readdirSync(root).filter((file) => /^compose(\.\w+)?\.yaml$/.test(file));

type Place = [file: string, text: (service: Service) => string];
const places: Place[] = [
  ...composeFiles.map((file): Place => [file, ({ name }) => `\n  ${name}:`]),
  ['compose.yaml', ({ shortName }) => `\n  ${shortName}-migrate:`],
  ['compose.yaml', ({ shortName }) => `\n  ${shortName}-db:`],
  ['compose.dev.yaml', ({ shortName }) => `\n  ${shortName}-migrate:`],
  ['tsconfig.json', ({ name }) => `"path": "${name}"`],
  ['tsconfig.tests.json', ({ name }) => `"path": "${name}/test"`],
  ['.github/dependabot.yml', ({ name }) => `/${name}`],
  ['.vscode/launch.json', ({ name }) => `"name": "${name}"`],
  ['.vscode/launch.json', ({ name }) => `"name": "${name} in compose"`],
  ['.vscode/tasks.json', ({ inspectPortVariable }) => inspectPortVariable],
  ['.devcontainer/devcontainer.json', ({ name, port }) => `"${port}": { "label": "${name}"`],
  ['.devcontainer/devcontainer.json', ({ name }) => `"${name}, debugger"`],
];

/** Such as `.vscode/launch.json has no review-service`. */
function missing([file, text]: Place, of: readonly Service[]): string[] {
  const content = readFileSync(path.join(root, file), 'utf8');
  return of.filter((service) => !content.includes(text(service))).map(({ name }) => `${file} has no ${name}`);
}

test('each list of services that is written by hand has every service', () => {
  expect(places.flatMap((place) => missing(place, services))).toEqual([]);
});

test('a service that is missing in a list is named', () => {
  const review = {
    ...(services[0] as Service),
    name: 'review-service',
    shortName: 'review',
    port: 50053,
    inspectPortVariable: 'REVIEW_INSPECT_PORT',
  };
  for (const place of places) expect(missing(place, [review])).toEqual([`${place[0]} has no review-service`]);
});
