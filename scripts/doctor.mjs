// What this machine has of what the bookstore needs, and how to get the rest: npm run doctor
// Ends with status 1 only when npm start needs something that is missing.
import { spawnSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { isPort } from './is-port.mjs';
import { packageProblem, testPathProblem } from './requirements.mjs';
import { root } from './run.mjs';
import { services } from './services.mjs';

const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const DISK_GIB = 2;

/** A program's first line of output; undefined when it is not installed, fails, or does not end. */
function firstLine(program, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? (stdout || stderr).trim().split(/\r?\n/)[0] : undefined;
}

function isAtLeast(version, least) {
  const [found, needed] = [version, least].map((text) => /\d+(\.\d+)*/.exec(text)?.[0].split('.').map(Number) ?? []);
  const different = needed.findIndex((number, index) => number !== (found[index] ?? 0));
  return different === -1 || (found[different] ?? 0) > needed[different];
}

/** @param range such as ^22.12, which is for version 22 alone, or >=24 */
const isIn = (version, range) =>
  isAtLeast(version, range) &&
  (range.startsWith('>=') || Number.parseInt(version, 10) === Number.parseInt(range.slice(1), 10));

function freeDisk() {
  const { bavail, bsize } = statfsSync(root);
  return (bavail * bsize) / 2 ** 30;
}

/** undefined when the port is free. */
function portProblem(port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', ({ code }) => resolve(code));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
}

/** For npm start. */
async function needed() {
  const gib = freeDisk();
  const ports = services.map(async ({ name, port, portVariable }) => {
    const value = process.env[portVariable] || String(port);
    if (!isPort(value)) return { what: portVariable, ok: false, advice: 'must be a port, 1 to 65535' };
    const problem = await portProblem(Number(value));
    const advice = `${problem}: perhaps the bookstore runs; ${portVariable} chooses another port`;
    return { what: `port ${value}`, ok: !problem, found: `free for ${name}`, advice };
  });
  return [
    {
      what: 'Node',
      ok: engines.node.split(' || ').some((range) => isIn(process.versions.node, range)),
      found: process.versions.node,
      advice: `${process.versions.node}: install Node ${engines.node}`,
    },
    { what: 'packages', ok: !packageProblem(), found: 'installed', advice: packageProblem() },
    {
      what: 'disk',
      ok: gib >= DISK_GIB,
      found: `${gib.toFixed(1)} GiB free`,
      advice: `${gib.toFixed(1)} GiB free: make room for ${DISK_GIB} GiB`,
    },
    ...(await Promise.all(ports)),
  ];
}

// A version is needed only where the README names one.
const programs = [
  ['Docker', ['docker', 'version', '--format', '{{.Server.Version}}'], 'docker compose and images', '25.0'],
  ['Compose', ['docker', 'compose', 'version', '--short'], 'docker compose', '2.27'],
  ['buildx', ['docker', 'buildx', 'version'], 'images', '0.17'],
  ['kubectl', ['kubectl', 'version', '--client'], 'Kubernetes: k8s/README.md'],
  ['kompose', ['kompose', 'version'], 'npm run k8s:export'],
  ['kustomize', ['kustomize', 'version'], 'npm run k8s:export'],
  ['grpcurl', ['grpcurl', '-version'], 'calls by hand; npx buf curl makes them too'],
  ['grpcui', ['grpcui', '-version'], 'web pages to call the services; docker compose --profile tools has it too'],
  ['ghz', ['ghz', '--version'], 'npm run bench'],
];

function optional([what, [program, ...args], use, least]) {
  const version = firstLine(program, ...args)?.replace('github.com/docker/buildx ', '');
  const ok = version !== undefined && (!least || isAtLeast(version, least));
  const advice = `only for ${use}${least ? `: ${least} or newer` : ''}${version ? `, this is ${version}` : ''}`;
  return { what, ok, found: version, advice };
}

const tests = { what: 'npm test', ok: !testPathProblem(), found: 'can run here', advice: testPathProblem() };

function show({ what, ok, found, advice }, mark) {
  console.log(`${ok ? 'ok     ' : mark} ${what.padEnd(12)} ${ok ? found : advice}`);
}

const ofStart = await needed();
for (const each of ofStart) show(each, 'MISSING');
for (const each of [tests, ...programs.map(optional)]) show(each, 'absent ');
const missing = ofStart.filter(({ ok }) => !ok).length;
console.log(missing === 0 ? '\nnpm start can run here.' : `\nnpm start needs ${missing} more: see MISSING above.`);
process.exitCode = missing > 0 ? 1 : 0;
