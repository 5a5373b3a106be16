import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { inspectAll, serviceOf } from '../src/compose/compose-stack.js';
import type { ContainerFacts } from '../src/compose/container-facts.js';
import { root } from '../src/root.js';

const { composeProject = '', authorAddress, bookAddress } = inject('target');
const containers = new Map<string, ContainerFacts>();
beforeAll(async () => {
  for (const facts of await inspectAll(composeProject)) containers.set(serviceOf(facts), facts);
});

const facts = (service: string): ContainerFacts => {
  const found = containers.get(service);
  if (!found) throw new Error(`there is no container of ${service}`);
  return found;
};

const published = ({ NetworkSettings }: ContainerFacts) =>
  Object.entries(NetworkSettings.Ports).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => `${port} on ${HostIp}:${HostPort}`),
  );

test('two services, two databases, and what ran once before them', () => {
  expect([...containers.keys()].sort()).toEqual(
    ['author-db', 'author-migrate', 'author-service', 'book-db', 'book-migrate', 'book-service', 'dev-secrets'].sort(),
  );
});

test('the public ports are published on loopback, and nothing else is', () => {
  expect(published(facts('author-service'))).toEqual([`50051/tcp on ${authorAddress}`]);
  expect(published(facts('book-service'))).toEqual([`50052/tcp on ${bookAddress}`]);
  expect(authorAddress).toMatch(/^127\.0\.0\.1:/);
  for (const service of ['author-db', 'book-db', 'author-migrate', 'book-migrate', 'dev-secrets']) {
    expect(published(facts(service)), service).toEqual([]);
  }
});

describe.each(['author-service', 'book-service', 'author-migrate', 'book-migrate', 'author-db', 'book-db'])(
  '%s',
  (service) => {
    test('runs as a user with a number, who is not root', () => {
      expect(facts(service).Config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    });

    test('writes nothing of its image and has no capability', () => {
      expect(facts(service).HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        Privileged: false,
        CapDrop: ['ALL'],
        CapAdd: null,
        SecurityOpt: [expect.stringContaining('no-new-privileges')],
      });
    });

    test('has limits', () => {
      const { Memory, PidsLimit } = facts(service).HostConfig;
      expect(Memory).toBeGreaterThan(0);
      expect(PidsLimit).toBeGreaterThan(0);
    });

    test('has no password in its environment', () => {
      const folder = path.join(root, 'sandbox/dev-secrets');
      const passwords = readdirSync(folder)
        .filter((file) => file.endsWith('-password'))
        .map((file) => readFileSync(path.join(folder, file), 'utf8').trim());
      expect(passwords.length).toBeGreaterThan(0);
      for (const password of passwords) expect(facts(service).Config.Env.join('\n')).not.toContain(password);
    });
  },
);

test.each(['author-service', 'book-service', 'author-db', 'book-db'])('%s is probed, and healthy', (service) => {
  expect(facts(service).State).toMatchObject({ Status: 'running', Health: { Status: 'healthy' } });
});

test.each(['author-migrate', 'book-migrate', 'dev-secrets'])('%s has done its work', (service) => {
  expect(facts(service).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
});
