// What this machine has of what the bookstore needs, and what to do about the rest: npm run doctor
// Ends with status 1 only when something is missing that `npm start` cannot do without.
import { spawnSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { packageProblem, pathProblem, testPathProblem } from './requirements.mjs';
import { root } from './run.mjs';

const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
// The README names these, too.
const LEAST = { diskGib: 2, cpus: 1, memoryGib: 2, docker: '25.0', compose: '2.27', buildx: '0.17' };

/** A program's first line of output; undefined when it is not there, does not end in time, or fails. */
function firstLine(program, ...args) {
  // On Windows npm is a batch file, which takes a shell; the arguments are this file's own.
  const shell = process.platform === 'win32';
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000, shell });
  return status === 0 ? (stdout || stderr).trim().split(/\r?\n/)[0] : undefined;
}

function isAtLeast(version, least) {
  const [found, needed] = [version, least].map((text) => /\d+(\.\d+)*/.exec(text)?.[0].split('.').map(Number) ?? []);
  const different = needed.findIndex((number, index) => number !== (found[index] ?? 0));
  return different === -1 || (found[different] ?? 0) > needed[different];
}

const node = () => ({
  ok: isAtLeast(process.versions.node, engines.node),
  found: process.versions.node,
  advice: `install Node ${engines.node}; .nvmrc names ours: nvm install`,
});

const npm = () => {
  const version = firstLine('npm', '--version');
  return { ok: version !== undefined, found: version, advice: 'npm comes with Node: https://nodejs.org' };
};

const packages = () => ({ ok: !packageProblem(), found: 'installed', advice: packageProblem() });

function cpusAndMemory(cpus, bytes) {
  const gib = bytes / 2 ** 30;
  // A machine that is sold with 2 GiB shows a little less.
  const ok = cpus >= LEAST.cpus && gib >= LEAST.memoryGib * 0.9;
  const found = `CPUs: ${cpus}, memory: ${gib.toFixed(1)} GiB`;
  return { ok, found, tooLow: !ok, advice: `${found}; at least ${LEAST.cpus} and ${LEAST.memoryGib} GiB` };
}

const here = () => ({ ok: !pathProblem(), found: root, advice: pathProblem() });

const testPath = () => ({
  ok: !testPathProblem(),
  found: 'can be used',
  advice: `only for npm test: ${testPathProblem()}`,
});

/** A container may have been given less than the machine has. */
const machine = () =>
  cpusAndMemory(os.availableParallelism(), Math.min(os.totalmem(), process.constrainedMemory() || Infinity));

const disk = () => {
  const { bavail, bsize } = statfsSync(root);
  const gib = (bavail * bsize) / 2 ** 30;
  return {
    ok: gib >= LEAST.diskGib,
    found: `${gib.toFixed(1)} GiB free`,
    advice: `make room: ${LEAST.diskGib} GiB at least`,
  };
};

const port = (variable, fallback) => async () => {
  const number = Number(process.env[variable] || fallback);
  const code = await new Promise((resolve) => {
    const server = createServer().once('error', (error) => resolve(error.code));
    server.listen(number, '127.0.0.1', () => server.close(() => resolve(undefined)));
  }).catch((error) => error.code);
  const advice = code === 'EADDRINUSE' ? 'taken, perhaps by this very bookstore' : `cannot be opened (${code})`;
  return { ok: code === undefined, found: 'free', advice: `${advice}; ${variable} names another port` };
};

/** @param absent the advice when there is no version */
function versioned(version, least, absent) {
  if (version === undefined) return { ok: false, advice: absent };
  const ok = isAtLeast(version, least);
  return { ok, found: version, tooLow: !ok, advice: `${version}; only for Docker: ${least} or newer` };
}

const docker = () => {
  const version = firstLine('docker', 'version', '--format', '{{.Server.Version}}');
  const absent = firstLine('docker', '--version')
    ? 'only for Docker: the engine does not answer; start it'
    : `only for compose and images: Docker Engine ${LEAST.docker} or newer, https://docs.docker.com/get-docker`;
  return versioned(version, LEAST.docker, absent);
};

const compose = () =>
  versioned(
    firstLine('docker', 'compose', 'version', '--short'),
    LEAST.compose,
    `only for docker compose: Compose ${LEAST.compose} or newer`,
  );

const buildx = () =>
  versioned(
    // Its name comes first.
    firstLine('docker', 'buildx', 'version')?.split(' ')[1],
    LEAST.buildx,
    `only for images: buildx ${LEAST.buildx} or newer`,
  );

/** On Docker Desktop the engine has a part of the machine. */
const dockerMachine = () => {
  const [cpus, bytes] = firstLine('docker', 'info', '--format', '{{.NCPU}},{{.MemTotal}}')?.split(',') ?? [];
  return cpus ? cpusAndMemory(Number(cpus), Number(bytes)) : { ok: false, advice: 'only for Docker' };
};

const kubectl = () => {
  if (!firstLine('kubectl', 'version', '--client')) {
    return { ok: false, advice: 'only for Kubernetes: https://kubernetes.io/docs/tasks/tools' };
  }
  const context = firstLine('kubectl', 'config', 'current-context');
  return { ok: context !== undefined, found: `context ${context}`, advice: 'no current context: k8s/README.md' };
};

const tool = (program, flag, use) => () => {
  const version = firstLine(program, flag);
  return { ok: version !== undefined, found: version, advice: `only ${use}; .devcontainer/install-tools.sh builds it` };
};

const checks = [
  ['Node', true, node],
  ['npm', true, npm],
  ['path', true, here],
  ['packages', true, packages],
  ['disk', true, disk],
  ['machine', false, machine],
  ['test path', false, testPath],
  ['author port', true, port('AUTHOR_PORT', 50051)],
  ['book port', true, port('BOOK_PORT', 50052)],
  ['Docker', false, docker],
  ['Compose', false, compose],
  ['buildx', false, buildx],
  ['for Docker', false, dockerMachine],
  ['kubectl', false, kubectl],
  ['kompose', false, tool('kompose', 'version', 'to export the Kubernetes manifests')],
  ['kustomize', false, tool('kustomize', 'version', 'to export the Kubernetes manifests')],
  ['grpcurl', false, tool('grpcurl', '-version', 'for calls by hand: npx buf curl does them as well')],
  ['grpcui', false, tool('grpcui', '-version', 'for npm run grpcui; docker compose --profile tools up brings it, too')],
  ['ghz', false, tool('ghz', '--version', 'for npm run bench')],
];

let missing = 0;
for (const [name, needed, check] of checks) {
  const { ok, found, tooLow, advice } = await check();
  if (!ok && needed) missing++;
  const mark = ok ? 'ok     ' : needed ? 'MISSING' : tooLow ? 'too low' : 'absent ';
  console.log(`${mark} ${name.padEnd(12)} ${ok ? found : advice}`);
}
console.log(missing === 0 ? '\nnpm start can run here.' : `\nnpm start needs ${missing} more: see MISSING above.`);
process.exit(missing > 0 ? 1 : 0);
