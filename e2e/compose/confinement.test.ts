import { beforeAll, describe, expect, inject, test } from 'vitest';
import {
  type ContainerFacts,
  containersOf,
  developmentPasswords,
  internalNetworks,
  NETWORKS,
  networksOf,
  notConfinedBy,
  publishedBy,
} from '../src/compose/containers.js';

const { composeProject = '', authorAddress, bookAddress } = inject('target');
let containers: ReadonlyMap<string, ContainerFacts>;
beforeAll(async () => {
  containers = await containersOf(composeProject);
});

const facts = (service: string): ContainerFacts => {
  const found = containers.get(service);
  if (!found) throw new Error(`there is no container of ${service}`);
  return found;
};

test('there are two services, two databases, and what runs once before them', () => {
  expect([...containers.keys()].sort()).toEqual(
    ['author-db', 'author-migrate', 'author-service', 'book-db', 'book-migrate', 'book-service', 'dev-secrets'].sort(),
  );
});

test('the public ports are published on loopback, and nothing else is', () => {
  expect(publishedBy(facts('author-service'))).toEqual([`50051/tcp on ${authorAddress}`]);
  expect(publishedBy(facts('book-service'))).toEqual([`50052/tcp on ${bookAddress}`]);
  expect(authorAddress).toMatch(/^127\.0\.0\.1:/);
  for (const service of ['author-db', 'book-db', 'author-migrate', 'book-migrate', 'dev-secrets']) {
    expect(publishedBy(facts(service)), service).toEqual([]);
  }
});

test('databases are on networks without a way out', async () => {
  expect(await internalNetworks(composeProject)).toEqual(['author-data', 'book-data']);
});

describe.each(Object.keys(NETWORKS))('%s', (service) => {
  test('is confined', () => {
    expect(notConfinedBy(facts(service))).toEqual([]);
  });

  test('is on its own networks only', () => {
    expect(networksOf(composeProject, facts(service))).toEqual(NETWORKS[service]);
  });

  test('has no password in its environment', () => {
    const environment = facts(service).Config.Env.join('\n');
    for (const password of Object.values(developmentPasswords())) expect(environment).not.toContain(password);
  });
});

test('dev-secrets, which runs as root to change file modes, has no network and is confined in all else', () => {
  expect(notConfinedBy(facts('dev-secrets'))).toEqual([
    'a numeric user other than root',
    'a /tmp in memory',
    'no capability',
  ]);
  expect(networksOf(composeProject, facts('dev-secrets'))).toEqual(['none']);
});

test.each(['author-service', 'book-service', 'author-db', 'book-db'])(
  '%s has a health check, and is healthy',
  (service) => {
    expect(facts(service).State).toMatchObject({ Status: 'running', Health: { Status: 'healthy' } });
  },
);

test.each(['author-migrate', 'book-migrate', 'dev-secrets'])('%s has ended with status 0', (service) => {
  expect(facts(service).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
});
