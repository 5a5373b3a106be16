import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
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

const port = z.strictObject({
  label: z.string().min(1),
  onAutoForward: z.enum(['notify', 'openBrowser', 'openBrowserOnce', 'openPreview', 'silent', 'ignore']),
  requireLocalPort: z.boolean().optional(),
});

/** What of https://containers.dev/implementors/json_schema is in use here; another name would be passed over in silence. */
const schema = z.strictObject({
  name: z.string().min(1),
  build: z.strictObject({ dockerfile: z.string().min(1) }),
  features: z.record(z.string(), z.record(z.string(), z.union([z.string(), z.boolean()]))),
  hostRequirements: z.strictObject({
    cpus: z.int().min(1),
    memory: z.string().regex(/^\d+([tgmk]b)?$/),
    storage: z.string().regex(/^\d+([tgmk]b)?$/),
  }),
  mounts: z.array(z.string().regex(/^source=[^,]+,target=[^,]+,type=(volume|bind)$/)),
  remoteUser: z.literal('node'),
  remoteEnv: z.record(z.string(), z.string()),
  postCreateCommand: z.string(),
  forwardPorts: z.array(z.int().min(1).max(65_535)),
  portsAttributes: z.record(z.string().regex(/^\d+$/), port),
  otherPortsAttributes: port.partial(),
  customizations: z.strictObject({
    vscode: z.strictObject({
      extensions: z.array(z.string().regex(/^[\w-]+\.[\w-]+$/)),
      settings: z.record(z.string(), z.unknown()),
    }),
  }),
});

test('it says nothing that an editor does not understand', () => {
  expect(schema.safeParse(devcontainer).error?.message).toBeUndefined();
  const [command = ''] = /(?<=bash )\S+/.exec(devcontainer.postCreateCommand) ?? [];
  for (const file of [command, `.devcontainer/${devcontainer.build.dockerfile}`]) read(file);
});

test('it brings Docker, kubectl, every tool that npm does not, and the extensions for Prisma and proto', () => {
  const features = Object.keys(devcontainer.features).map((feature) => feature.replace(/^.*\/(.+):.*$/, '$1'));
  expect(features).toEqual(['docker-in-docker', 'kubectl-helm-minikube']);
  const [, built = ''] = /names=\((\w[\w ]+)\)/.exec(installer) ?? [];
  expect(built.split(' ')).toEqual(expect.arrayContaining(['kompose', 'kustomize', 'grpcurl', 'grpcui', 'ghz']));
  expect(devcontainer.remoteEnv.PATH).toContain('node_modules/.bin');
  expect(readJson('package.json').devDependencies).toHaveProperty('@bufbuild/buf');
  const { extensions } = devcontainer.customizations.vscode;
  expect(extensions).toEqual(expect.arrayContaining(['prisma.prisma', 'bufbuild.vscode-buf']));
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

test('there is a task for each script, and each task and configuration names one that is there', () => {
  const tasks: { type: string; script?: string; command?: string }[] = readJson('.vscode/tasks.json').tasks;
  const named = tasks.flatMap(({ script, command }) => script ?? /^npm run ([\w:-]+)/.exec(command ?? '')?.[1] ?? []);
  const { pretest: _, ...offered } = scripts;
  expect([...new Set(named)].sort()).toEqual(Object.keys(offered).sort());
  const started = launch.configurations.flatMap(({ runtimeArgs = [] }: { runtimeArgs?: string[] }) => runtimeArgs);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(started));
});

test('each task of Docker Compose reads files and profiles that are there', () => {
  const commands = readJson('.vscode/tasks.json').tasks.flatMap(({ command = '' }) => command);
  const files = commands.flatMap((command: string) => [...command.matchAll(/-f (\S+)/g)].map(([, file = '']) => file));
  expect(files).not.toEqual([]);
  for (const file of files) read(file);
  const profiles = commands.flatMap((command: string) => /--profile (\S+)/.exec(command)?.[1] ?? []);
  for (const profile of profiles) expect(read('compose.yaml')).toContain(`profiles: [${profile}]`);
});

test('an editor outside of the container is offered the same extensions', () => {
  const { recommendations } = readJson('.vscode/extensions.json');
  expect(recommendations).toEqual(expect.arrayContaining(devcontainer.customizations.vscode.extensions));
});
