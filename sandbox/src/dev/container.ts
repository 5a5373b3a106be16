import { fileURLToPath } from 'node:url';
import { portFrom } from '../bookstore/ports.js';
import { aborted, stopRequest } from '../bookstore/stop-request.js';
import { ReloadingService } from './reloading-service.js';
import { serveAndReload } from './serve-and-reload.js';

/**
 * What the dev image of a service runs: `node sandbox/dist/dev/container.js author-service`. The service takes the same
 * variables as in its production image; INSPECT_PORT is where debuggers attach. Migrations are another container's.
 */

const SERVICES: readonly string[] = ['author-service', 'book-service'];

const root = fileURLToPath(new URL('../../..', import.meta.url));
const signal = stopRequest('dev');
const name = SERVICES.find((service) => service === process.argv[2]);
if (!name) throw new Error(`usage: node sandbox/dist/dev/container.js ${SERVICES.join('|')}`);

const service = await ReloadingService.open(
  {
    name,
    publicPort: portFrom('PUBLIC_PORT', 50051),
    internalPort: portFrom('INTERNAL_PORT', 50061),
    inspectPort: process.env.INSPECT_PORT ? portFrom('INSPECT_PORT', 9229) : undefined,
    env: { ...process.env, NODE_ENV: 'production' },
    caFile: process.env.TLS_CERT_FILE && process.env.INTERNAL_TLS_CA_FILE,
  },
  '0.0.0.0',
);
const reloading = await serveAndReload({ root, services: [service], say: (what) => console.log(what), signal });
await aborted(signal);
await reloading.ended();
await service.stop();
process.exit(0);
