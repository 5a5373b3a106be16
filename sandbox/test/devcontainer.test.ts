import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/services.mjs';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
/** JSON with comments, each on a line of its own. */
const readJson = (file: string) => JSON.parse(read(file).replaceAll(/^\s*\/\/.*$/gm, ''));

const devcontainer = readJson('.devcontainer/devcontainer.json');
const launch = readJson('.vscode/launch.json');
const tasks = readJson('.vscode/tasks.json');

/** What a compose file publishes: address and port of this machine, without the variable that moves it. */
function published(file: string): { address: string; port: number }[] {
  const { services } = parse(read(file), { merge: true }) as { services: Record<string, { ports?: string[] }> };
  return Object.values(services).flatMap(({ ports = [] }) =>
    ports.map((mapping) => {
      const [, address = '', port] = /^([\d.]+):(?:\$\{\w+:-)?(\d+)\}?:\d+$/.exec(mapping) ?? [];
      return { address, port: Number(port) };
    }),
  );
}

test('the devcontainer forwards every port that compose publishes, with a label', () => {
  const ranges = Object.entries<{ label: string; onAutoForward: string }>(devcontainer.portsAttributes);
  for (const { port } of ['compose.yaml', 'compose.dev.yaml'].flatMap(published)) {
    const [, attributes] =
      ranges.find(([range]) => {
        const [first = 0, last = first] = range.split('-').map(Number);
        return first <= port && port <= last;
      }) ?? [];
    expect(attributes?.label, `port ${port}`).toMatch(/\w/);
    expect(attributes?.onAutoForward, `port ${port}`).not.toBe('ignore');
  }
});

test('VS Code offers the first debugger port of compose.dev.yaml, and this machine alone reaches them', () => {
  const debuggers = published('compose.dev.yaml');
  for (const { address } of debuggers) expect(address).toBe('127.0.0.1');
  expect(debuggers.map(({ port }) => port)).toEqual(debuggers.map((_, index) => 9229 + index));
  expect(launch.inputs[0]).toMatchObject({ id: 'port', default: '9229' });
});

test('each task of VS Code names a script, files and profiles that exist', () => {
  const commands: string[] = tasks.tasks.map(({ command = '', script }: { command?: string; script?: string }) =>
    script ? `npm run ${script}` : command,
  );
  const all = commands.join('\n');
  const { scripts } = readJson('package.json');
  for (const [, script] of all.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty([script as string]);
  for (const [, file] of all.matchAll(/-f (\S+)/g))
    expect(existsSync(path.join(root, file as string)), file).toBe(true);
  for (const [, name] of all.matchAll(/--profile (\S+)/g))
    expect(read('compose.yaml')).toContain(`profiles: [${name}]`);
});

test('the devcontainer has the Node of the images, and each part of it has one version', () => {
  const [, node] = /^FROM .*node:(\d+)/m.exec(read('author-service/Dockerfile')) ?? [];
  const image = new RegExp(`^FROM \\S+/typescript-node:\\d+\\.\\d+\\.\\d+-${node}-\\w+@sha256:[0-9a-f]{64}$`, 'm');
  expect(read('.devcontainer/Dockerfile')).toMatch(image);
  for (const feature of Object.keys(devcontainer.features)) expect(feature).toMatch(/:\d+\.\d+\.\d+$/);
  const installer = read('.devcontainer/install-tools.sh');
  for (const [, module] of installer.matchAll(/^ {2}(\S+\.\S+\/\S+)$/gm)) expect(module).toMatch(/@v\d+\.\d+\.\d+$/);
  const [, kompose] = /KOMPOSE_VERSION = '(.+)'/.exec(read('sandbox/src/kubernetes/kompose.ts')) ?? [];
  expect(installer).toContain(`kompose_version=v${kompose}\n`);
  expect(installer).toMatch(/^kompose_commit=[0-9a-f]{40}$/m);
});

test('an editor outside of the container recommends the same extensions', () => {
  const { recommendations } = readJson('.vscode/extensions.json');
  expect(recommendations).toEqual(expect.arrayContaining(devcontainer.customizations.vscode.extensions));
});
