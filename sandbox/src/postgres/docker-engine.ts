import { existsSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import os from 'node:os';
import path from 'node:path';

const LIMIT_MS = 250;

/**
 * Whether something listens where a Docker Engine would: at once, and without loading a client, since most of the time
 * there is none. That it is one, and well, is for the client to find out.
 */
export async function mayHaveDocker(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const address = addressOf(env);
  return address !== undefined && (await accepts(address));
}

/** The places testcontainers looks at, in its order. */
function addressOf(env: NodeJS.ProcessEnv): NetConnectOpts | undefined {
  if (env.DOCKER_HOST) return parse(env.DOCKER_HOST);
  if (process.platform === 'win32') return { path: '//./pipe/docker_engine' };
  const sockets = [
    '/var/run/docker.sock',
    ...(env.XDG_RUNTIME_DIR ? [path.join(env.XDG_RUNTIME_DIR, 'docker.sock')] : []),
    path.join(os.homedir(), '.docker/run/docker.sock'),
    path.join(os.homedir(), '.docker/desktop/docker.sock'),
    `/run/user/${process.getuid?.()}/docker.sock`,
  ];
  const found = sockets.find((socket) => existsSync(socket));
  return found === undefined ? undefined : { path: found };
}

function parse(dockerHost: string): NetConnectOpts | undefined {
  if (!URL.canParse(dockerHost)) return undefined;
  const { hostname, port, pathname } = new URL(dockerHost);
  return hostname ? { host: hostname, port: Number(port || 2375) } : { path: pathname };
}

function accepts(address: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const settle = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(false), LIMIT_MS);
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
