import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { kitSettings } from '@bookstore/service-kit/settings';
import { expect, test } from 'vitest';
import { root, type Service, services } from '../../scripts/services.mjs';
import { composeServices } from './kubernetes-manifests.js';

// Lists of services that no program can derive from scripts/services.mjs, because a tool reads them. Each row is a file,
// and the text that it has for each service. A new list by hand gets a row here.

const composeFiles = readdirSync(root).filter((file) => /^compose(\.\w+)?\.yaml$/.test(file));

type Place = [file: string, text: (service: Service) => string];
const places: Place[] = [
  ...composeFiles.map((file): Place => [file, ({ name }) => `\n  ${name}:`]),
  ['compose.yaml', ({ shortName }) => `\n  ${shortName}-migrate:`],
  ['compose.yaml', ({ shortName }) => `\n  ${shortName}-db:`],
  ['compose.yaml', ({ shortName }) => `\n      - ${shortName}-db-migrator-password\n`],
  ['compose.yaml', ({ shortName }) => `\n      - ${shortName}-db-service-password\n`],
  ['compose.dev.yaml', ({ shortName }) => `\n  ${shortName}-migrate:`],
  ['compose.secure.yaml', ({ shortName }) => `\n  ${shortName}-migrate:`],
  ['compose.secure.yaml', ({ shortName }) => `\n  ${shortName}-db:`],
  ['compose.secure.yaml', ({ name, shortName }) => `\n          ${name} ${shortName}-db\n`],
  ['compose.secure.yaml', ({ name }) => `- ${name}-credentials:/credentials/${name}\n`],
  ['compose.secure.yaml', ({ shortName }) => `- ${shortName}-db-credentials:/credentials/${shortName}-db\n`],
  ['proto/src/index.ts', ({ shortName }) => `from '../gen/bookstore/${shortName}/v1/`],
  ['dev-credentials/src/token-request.ts', ({ database }) => `'${database}'`],
];

/** Such as `compose.dev.yaml has no review-service`. */
function missing([file, text]: Place, of: readonly Service[]): string[] {
  const content = readFileSync(path.join(root, file), 'utf8');
  return of.filter((service) => !content.includes(text(service))).map(({ name }) => `${file} has no ${name}`);
}

test('each folder with a Prisma schema is a workspace, and so a service', () => {
  const folders = readdirSync(root).filter((folder) => existsSync(path.join(root, folder, 'prisma/schema.prisma')));
  expect(services.map(({ name }) => name).sort()).toEqual(folders.sort());
});

test('each list of services that is written by hand has every service', () => {
  expect(places.flatMap((place) => missing(place, services))).toEqual([]);
});

test('a service that is missing in a list is named', () => {
  const review: Service = {
    ...(services[0] as Service),
    name: 'review-service',
    shortName: 'review',
    database: 'reviews',
  };
  for (const place of places) expect(missing(place, [review])).toEqual([`${place[0]} has no review-service`]);
});

test.each(services)('$name is admitted by each service that it calls, also in containers', async ({ name, peers }) => {
  for (const peer of peers) {
    const [settings]: Array<typeof kitSettings> = Object.values(await import(`@bookstore/${peer}/settings`));
    const composed = composeServices()[peer]?.environment.INTERNAL_PEER_NAMES;
    const admitted = settings?.shape.INTERNAL_PEER_NAMES.parse(composed);
    expect(admitted, `INTERNAL_PEER_NAMES of ${peer} in compose.yaml`).toContain(name);
  }
});
