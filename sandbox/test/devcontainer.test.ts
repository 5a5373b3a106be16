import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../src/kubernetes/paths.js';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
/** JSON with comments, each on a line of its own. */
const readJson = (file: string) => JSON.parse(read(file).replaceAll(/^\s*\/\/.*$/gm, ''));

const devcontainer = readJson('.devcontainer/devcontainer.json');
const dockerfile = read('.devcontainer/Dockerfile');
const installer = read('.devcontainer/install-tools.sh');
const launch = readJson('.vscode/launch.json');
const { scripts } = readJson('package.json');

/** What a compose file publishes: the address and the port of this machine, its variable at its default. */
function published(file: string): { address: string; port: number }[] {
  const { services } = parse(read(file), { merge: true }) as { services: Record<string, { ports?: string[] }> };
  return Object.values(services).flatMap(({ ports = [] }) =>
    ports.map((mapping) => {
      const [, address = '', port] = /^([\d.]+):(?:\$\{\w+:-)?(\d+)\}?:\d+$/.exec(mapping) ?? [];
      return { address, port: Number(port) };
    }),
  );
}

test('it has what an editor needs to make and to enter it', () => {
  expect(devcontainer).toMatchObject({
    name: 'bookstore',
    build: { dockerfile: 'Dockerfile' },
    remoteUser: 'node',
    postCreateCommand: 'bash .devcontainer/post-create.sh',
    customizations: { vscode: { extensions: expect.any(Array) } },
  });
});

test('every port that compose publishes is forwarded, and every forwarded one has a label', () => {
  const ports = ['compose.yaml', 'compose.debug.yaml', 'compose.dev.yaml'].flatMap(published).map(({ port }) => port);
  expect(devcontainer.forwardPorts).toEqual(expect.arrayContaining(ports));
  for (const port of devcontainer.forwardPorts) expect(devcontainer.portsAttributes[port]?.label).toMatch(/\w/);
});

test('a debugger can be attached from this machine alone', () => {
  const debuggers = published('compose.debug.yaml');
  for (const { address } of debuggers) expect(address).toBe('127.0.0.1');
  expect(published('compose.dev.yaml')).toEqual(debuggers);
});

test('each attaching configuration meets a port that compose.debug.yaml publishes', () => {
  const ports = published('compose.debug.yaml').map(({ port }) => port);
  const attaching = launch.configurations.filter(({ request }: { request: string }) => request === 'attach');
  expect(attaching.map(({ port }: { port: number }) => port).sort()).toEqual([...ports, ...ports].sort());
});

test('a compound names configurations that are there', () => {
  const names = launch.configurations.map(({ name }: { name: string }) => name);
  for (const { configurations } of launch.compounds) expect(names).toEqual(expect.arrayContaining(configurations));
});

test('the image under it is of the Node that the services run on, and cannot change', () => {
  const [, node] = /^FROM node:(\d+)/m.exec(read('author-service/Dockerfile')) ?? [];
  expect(dockerfile).toMatch(
    new RegExp(`^FROM \\S+/typescript-node:\\d+\\.\\d+\\.\\d+-${node}-\\w+@sha256:[0-9a-f]{64}$`, 'm'),
  );
});

test('each feature and each tool is of one version', () => {
  for (const feature of Object.keys(devcontainer.features)) expect(feature).toMatch(/:\d+\.\d+\.\d+$/);
  const modules = [...installer.matchAll(/^ {2}(\S+\.\S+\/\S+)$/gm)].map(([, module]) => module);
  expect(modules).not.toEqual([]);
  for (const module of modules) expect(module).toMatch(/@v\d+\.\d+\.\d+$/);
  expect(installer).toMatch(/^kompose_commit=[0-9a-f]{40}$/m);
});

test('kompose is the one that the manifests are exported with', () => {
  const [, version] = /KOMPOSE_VERSION = '(.+)'/.exec(read('sandbox/src/kubernetes/kompose.ts')) ?? [];
  expect(installer).toContain(`kompose_version=v${version}\n`);
});

test('each task is a script of package.json, or shown to be a command of another program', () => {
  for (const { type, script } of readJson('.vscode/tasks.json').tasks) {
    expect(type === 'npm' ? Object.keys(scripts) : [undefined]).toContain(script);
  }
});

test('an editor outside of the container is offered the same extensions', () => {
  const { recommendations } = readJson('.vscode/extensions.json');
  expect(recommendations).toEqual(expect.arrayContaining(devcontainer.customizations.vscode.extensions));
});
