// What this machine has of what the bookstore needs, and what to do about the rest: npm run doctor
// Ends with status 1 only when something is missing that `npm start` cannot do without.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { root } from './run.mjs';

const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const NEEDED_GIB = 2;

/** A program's first line of output; undefined when it is not there, does not end in time, or fails. */
function firstLine(program, ...args) {
  // On Windows npm is a batch file, which takes a shell; the arguments are this file's own.
  const shell = process.platform === 'win32';
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000, shell });
  return status === 0 ? (stdout || stderr).trim().split(/\r?\n/)[0] : undefined;
}

const node = () => {
  const [needed, found] = [engines.node.replace('>=', ''), process.versions.node].map((text) =>
    text.split('.').map(Number),
  );
  const enough = found[0] > needed[0] || (found[0] === needed[0] && found[1] >= needed[1]);
  return {
    ok: enough,
    found: process.versions.node,
    advice: `install Node ${engines.node}; .nvmrc names ours: nvm install`,
  };
};

const npm = () => {
  const version = firstLine('npm', '--version');
  return { ok: version !== undefined, found: version, advice: 'npm comes with Node: https://nodejs.org' };
};

const packages = () => {
  const ok = ['typescript', 'prisma', '@bookstore/sandbox'].every((name) =>
    existsSync(path.join(root, 'node_modules', name)),
  );
  return { ok, found: 'installed', advice: 'npm ci' };
};

const disk = () => {
  const { bavail, bsize } = statfsSync(root);
  const gib = (bavail * bsize) / 2 ** 30;
  return {
    ok: gib >= NEEDED_GIB,
    found: `${gib.toFixed(1)} GiB free`,
    advice: `make room: ${NEEDED_GIB} GiB at least`,
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

const docker = () => {
  const version = firstLine('docker', 'version', '--format', '{{.Server.Version}}');
  const advice = firstLine('docker', '--version')
    ? 'the engine does not answer: start Docker'
    : 'only for compose and images: https://docs.docker.com/get-docker';
  return { ok: version !== undefined, found: version, advice };
};

const compose = () => {
  const version = firstLine('docker', 'compose', 'version', '--short');
  const [major, minor] = (version ?? '').replace(/^v/, '').split('.').map(Number);
  const ok = major > 2 || (major === 2 && minor >= 24);
  return { ok, found: version, advice: 'only for docker compose: Compose 2.24 or newer' };
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
  ['packages', true, packages],
  ['disk', true, disk],
  ['author port', true, port('AUTHOR_PORT', 50051)],
  ['book port', true, port('BOOK_PORT', 50052)],
  ['Docker', false, docker],
  ['Compose', false, compose],
  ['kubectl', false, kubectl],
  ['kompose', false, tool('kompose', 'version', 'to export the Kubernetes manifests')],
  ['kustomize', false, tool('kustomize', 'version', 'to export the Kubernetes manifests')],
  ['grpcurl', false, tool('grpcurl', '-version', 'for calls by hand: npx buf curl does them as well')],
  ['grpcui', false, tool('grpcui', '-version', 'for npm run grpcui; docker compose --profile tools up brings it, too')],
  ['ghz', false, tool('ghz', '--version', 'for npm run bench')],
];

let missing = 0;
for (const [name, needed, check] of checks) {
  const { ok, found, advice } = await check();
  if (!ok && needed) missing++;
  const mark = ok ? 'ok     ' : needed ? 'MISSING' : 'absent ';
  console.log(`${mark} ${name.padEnd(12)} ${ok ? found : advice}`);
}
console.log(missing === 0 ? '\nnpm start can run here.' : `\nnpm start needs ${missing} more: see MISSING above.`);
process.exit(missing > 0 ? 1 : 0);
