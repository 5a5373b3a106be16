import { beforeAll, expect, inject, test } from 'vitest';
import {
  type ContainerFacts,
  confinementOf,
  developmentPasswords,
  expectedConfinement,
  inspectAll,
  internalNetworks,
  serviceOf,
} from '../src/compose/containers.js';

const target = inject('target');
const { composeProject = '' } = target;
let containers: readonly ContainerFacts[];
beforeAll(async () => {
  containers = await inspectAll(composeProject);
});

test('each container is confined, on its own networks, and only the public ports are published, on loopback', async () => {
  expect(target.authorAddress).toMatch(/^127\.0\.0\.1:/);
  expect(target.bookAddress).toMatch(/^127\.0\.0\.1:/);
  expect(await confinementOf(composeProject)).toEqual({
    ...expectedConfinement(target),
    // It runs as root to change file modes, and has no network.
    'dev-secrets': {
      breaks: ['a numeric user other than root', 'a /tmp in memory', 'no capability'],
      networks: ['none'],
      published: [],
    },
  });
});

test('databases are on networks without a way out', async () => {
  expect(await internalNetworks(composeProject)).toEqual(['author-data', 'book-data']);
});

test('no container has a password in its environment', () => {
  for (const facts of containers) {
    const environment = facts.Config.Env.join('\n');
    for (const password of Object.values(developmentPasswords())) {
      expect(environment, serviceOf(facts)).not.toContain(password);
    }
  }
});

test('services and databases are healthy, and what runs once before them has ended with status 0', () => {
  const healthy = { Status: 'running', Health: { Status: 'healthy' } };
  const ended = { Status: 'exited', ExitCode: 0 };
  expect(Object.fromEntries(containers.map((facts) => [serviceOf(facts), facts.State]))).toMatchObject({
    ...{ 'author-service': healthy, 'author-db': healthy, 'book-service': healthy, 'book-db': healthy },
    ...{ 'author-migrate': ended, 'book-migrate': ended, 'dev-secrets': ended },
  });
});
