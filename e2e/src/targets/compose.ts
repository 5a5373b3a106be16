import { randomBytes } from 'node:crypto';
import { freePort } from '@bookstore/sandbox';
import { DockerComposeEnvironment, Wait } from 'testcontainers';
import { services } from '../../../scripts/services.mjs';
import { root } from '../root.js';
import { newOtherPorts } from '../start/new-place.js';
import type { StartedTarget } from './target.js';

/** Building included, where nothing of it is cached. */
const STARTUP_TIMEOUT_MS = 600_000;

/**
 * The repository's compose.yaml under a project name and on ports of its own, so that it runs beside another bookstore.
 * The images are built first, unless E2E_BUILD=no.
 */
export async function startCompose(): Promise<StartedTarget> {
  const composeProject = `bookstore-e2e-${randomBytes(4).toString('hex')}`;
  const [authorPort, bookPort] = [await freePort(), await freePort()];
  const environment = new DockerComposeEnvironment(root, 'compose.yaml')
    .withProjectName(composeProject)
    .withEnvironment({ AUTHOR_PORT: String(authorPort), BOOK_PORT: String(bookPort), ...(await newOtherPorts()) })
    .withStartupTimeout(STARTUP_TIMEOUT_MS);
  for (const { name } of services) environment.withWaitStrategy(`${name}-1`, Wait.forHealthCheck());
  if (process.env.E2E_BUILD !== 'no') environment.withBuild();
  const started = await environment.up();
  return {
    name: 'compose',
    authorAddress: `127.0.0.1:${authorPort}`,
    bookAddress: `127.0.0.1:${bookPort}`,
    composeProject,
    stop: async () => {
      await started.down({ removeVolumes: true });
    },
  };
}
