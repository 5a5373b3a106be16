import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/client/connect.js';
import { outputOf } from '../src/process/output-of.js';
import { newPlace } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

let place: Awaited<ReturnType<typeof newPlace>>;
let proxyConnections = 0;
const proxy = createServer((socket) => {
  proxyConnections++;
  socket.destroy();
});
beforeAll(async () => {
  place = await newPlace();
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  proxy.close();
  await rm(place.dataDir, { recursive: true });
});

/** As a company's proxy, libpq and pg, and another project have them. */
function hostileVariables(): Record<string, string> {
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    ...{ http_proxy: url, https_proxy: url, grpc_proxy: url, HTTP_PROXY: url, HTTPS_PROXY: url },
    no_proxy: 'example.com',
    ...{ PGHOST: '192.0.2.1', PGPORT: '1', PGUSER: 'nobody', PGPASSWORD: 'wrong', PGDATABASE: 'none' },
    ...{ PGSSLMODE: 'require', PGSSLNEGOTIATION: 'direct', PGOPTIONS: '-c default_transaction_read_only=on' },
    ...{ PGCLIENT_ENCODING: 'LATIN1', PGREPLICATION: 'database', PGDATA: '/nowhere', NODE_PG_FORCE_NATIVE: '1' },
    ...{ DATABASE_URL: 'postgresql://nobody@192.0.2.1/none', DATABASE_URL_FILE: '/nowhere' },
    ...{ DATABASE_PASSWORD: 'wrong', DATABASE_PASSWORD_FILE: '/nowhere' },
    ...{ AUTH: 'jwt', AUTH_FILE: '/nowhere', JWT_ISSUER: 'x', JWT_JWKS_FILE: '/nowhere', JWT_JWKS_URL: 'x' },
    ...{ TLS_CERT_FILE: '/nowhere', TLS_KEY_FILE_FILE: '/nowhere', INTERNAL_TLS_CERT_FILE: '/nowhere' },
    ...{ LISTEN_HOST: '192.0.2.1', LISTEN_HOST_FILE: '/nowhere', PUBLIC_PORT: '1', INTERNAL_PORT_FILE: '/nowhere' },
    ...{ BOOK_SERVICE_ADDRESS_FILE: '/nowhere', AUTHOR_SERVICE_ADDRESS: '192.0.2.1:1', FAIL_POINT: 'x:1' },
    ...{ NODE_ENV: 'test', INTERNAL_PEER_NAMES: 'nobody' },
  };
}

test('a bookstore serves whatever the shell says of proxies and databases, and takes its settings for the log', async () => {
  const env = hostileVariables();
  await using start = new NpmStart({ ...place, env: { ...env, LOG_LEVEL: 'debug', LOG_FORMAT: 'json' } });
  await start.serves();
  const { authorPort, bookPort } = place;
  const { authors, books, close } = connect({
    authorAddress: `127.0.0.1:${authorPort}`,
    bookAddress: `127.0.0.1:${bookPort}`,
  });
  try {
    const { id: authorId } = await authors.createAuthor({ name: 'Zoë', email: 'zoe@example.com' });
    // Both ways between the services.
    await books.createBook({ title: 'Œuvres', authorId, publishedYear: 1987 });
    expect(await authors.deleteAuthor({ id: authorId, force: true })).toMatchObject({ success: true });
  } finally {
    close();
  }
  await start.prints('"msg":"call ended"');

  const ports = { AUTHOR_PORT: String(authorPort), BOOK_PORT: String(bookPort) };
  const seed = [process.execPath, 'sandbox/dist/seed/main.js', '--authors', '2'] as const;
  const seeded = await outputOf(seed, { env: { ...env, ...ports } });
  expect(seeded, seeded.stderr).toMatchObject({ status: 0 });
  expect(proxyConnections).toBe(0);
});
