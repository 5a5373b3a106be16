import { once } from 'node:events';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { runningBookstore } from '@bookstore/sandbox';
import { WorkTreeCopy } from '@bookstore/sandbox/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { services } from '../../scripts/services.mjs';
import { connect } from '../src/client/connect.js';
import { outputOf } from '../src/process/output-of.js';
import { leftRunning } from '../src/start/left-running.js';
import { addressesIn, newPlace, type Place } from '../src/start/new-place.js';
import { NpmStart } from '../src/start/npm-start.js';

let place: Place;
beforeAll(async () => {
  place = await newPlace();
});
afterAll(() => rm(place.dataDir, { recursive: true }));

const withEnv = (where: Place, env: Place['env']): Place => ({ ...where, env: { ...where.env, ...env } });

/** The commands of the last start, as they are printed to be pasted. */
const printedCalls = (output: string) => output.split('\n').filter((line) => line.trim().startsWith('npx buf curl'));

/** The one line of a start that fails. */
async function failureOf(where: Place): Promise<string> {
  await using start = new NpmStart(where);
  // One that serves after all would not end.
  await expect(start.serves()).rejects.toThrow('it ended (1)');
  const lines = start.stderr.split('\n').filter((line) => line !== '');
  expect(lines, start.stderr).toHaveLength(1);
  return lines[0] ?? '';
}

async function listen(onConnection: (socket: net.Socket) => void = () => {}): Promise<number> {
  const server = net.createServer(onConnection).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Variables of a proxy, of libpq and pg, and of another project. */
function unrelatedVariables(proxyPort: number): Record<string, string> {
  const url = `http://127.0.0.1:${proxyPort}`;
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

describe('one data folder', () => {
  test('the first start prints a call to each service that works as pasted, and SIGTERM ends everything', async () => {
    let proxyConnections = 0;
    const proxyPort = await listen((socket) => {
      proxyConnections++;
      socket.destroy();
    });
    await using start = new NpmStart(withEnv(place, unrelatedVariables(proxyPort)));
    await start.serves();
    expect(start.stderr).toBe('');
    const [createAuthor = '', listBooks = '', ...more] = printedCalls(start.stdout);
    expect(more).toHaveLength(services.length - 2);
    const created = await outputOf(createAuthor);
    expect(created, created.stderr).toMatchObject({ status: 0 });
    const { id: authorId } = JSON.parse(created.stdout);
    // The services call each other too, whatever the shell's variables are.
    const { authors, books, close } = connect(addressesIn(place));
    onTestFinished(close);
    await books.createBook({ title: 'The Dispossessed', authorId, publishedYear: 1974 });
    await expect(authors.deleteAuthor({ id: authorId })).rejects.toThrow(/FAILED_PRECONDITION/);
    expect((await outputOf(listBooks)).stdout).toContain('The Dispossessed');
    expect(proxyConnections).toBe(0);

    start.kill('SIGTERM');
    expect(await start.ended, start.stderr).toBe(0);
    expect(await leftRunning(place)).toEqual([]);
  });

  test('other commands find where it listens; a second start fails with the id of the first', async () => {
    await using start = new NpmStart(place);
    await start.serves();
    expect(runningBookstore(place.dataDir)).toMatchObject({
      pid: start.pid,
      services: expect.arrayContaining([
        { name: 'author-service', address: addressesIn(place).authorAddress },
        { name: 'book-service', address: addressesIn(place).bookAddress },
      ]),
    });
    expect(await failureOf(place)).toContain(`is in use by process ${start.pid}:`);

    process.kill(await start.childRunning('book-service/dist/main.js'), 'SIGKILL');
    expect(await start.ended).toBe(1);
    expect(start.stderr).toContain('the book-service ended by SIGKILL');
    expect(await leftRunning(place)).toEqual([]);
    expect(runningBookstore(place.dataDir)).toBeUndefined();
  });

  test('a SIGKILL leaves nothing that stops the next start, which has the data', async () => {
    await using killed = new NpmStart(place);
    await killed.serves();
    killed.kill('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');
    expect(runningBookstore(place.dataDir)).toBeUndefined();

    const elsewhere = await newPlace(place.dataDir);
    await using start = new NpmStart(elsewhere, undefined, undefined, '--secure');
    await start.serves();
    const [, listBooks = ''] = printedCalls(start.stdout);
    const token = await outputOf('npm run -s token', { env: { SANDBOX_DIR: place.dataDir } });
    const listed = await outputOf(listBooks, { env: { TOKEN: token.stdout.trim() } });
    expect(listed.stdout, listed.stderr).toContain('The Dispossessed');

    start.interrupt();
    expect(await start.ended, start.stderr).toBe(0);
    await expect.poll(() => leftRunning(place), { timeout: 15_000 }).toEqual([]);
  });
});

test.each([
  ['PostgreSQL', 'starting  PostgreSQL', {}],
  ['the services', 'starting  author-service', {}],
  // npm start --secure: npm takes the option for its own.
  ['the secured bookstore', 'starting  certificates and keys', { npm_config_secure: 'true' }],
])('Ctrl-C while %s starts ends it with status 0', async (_, step, env) => {
  const fresh = withEnv(await newPlace(), env);
  onTestFinished(() => rm(fresh.dataDir, { recursive: true }));
  await using start = new NpmStart(fresh);
  await start.prints(step);
  start.interrupt();
  expect(await start.ended, start.stderr).toBe(0);
  expect(start.stderr).toBe('');
  expect(await leftRunning(fresh)).toEqual([]);
});

test('a start that cannot succeed fails with one line that says what to change', async () => {
  const fresh = await newPlace();
  onTestFinished(() => rm(fresh.dataDir, { recursive: true }));
  const taken = await listen();
  const file = path.join(fresh.dataDir, 'file');
  await writeFile(file, '');
  const failures = await Promise.all([
    failureOf(withEnv(fresh, { BOOK_PORT: String(taken) })),
    failureOf(withEnv(fresh, { AUTHOR_PORT: '65536' })),
    failureOf(withEnv(fresh, { BOOK_PORT: fresh.env.AUTHOR_PORT as string })),
    // Ports of its own: each start looks whether it can open them.
    failureOf(await newPlace(file)),
  ]);
  expect(failures).toEqual([
    expect.stringMatching(`port ${taken} is taken.*BOOK_PORT`),
    expect.stringContaining('AUTHOR_PORT must be a port, 1 to 65535'),
    expect.stringContaining('set AUTHOR_PORT and BOOK_PORT'),
    expect.stringContaining(file),
  ]);
  expect(await leftRunning(fresh)).toEqual([]);
});

// Windows allows no such name.
test.skipIf(process.platform === 'win32')(
  'a clone is compiled, in a folder whose name has spaces and signs',
  async () => {
    const copy = await WorkTreeCopy.make();
    const folder = `${copy.folder} C# $HOME 100% it's "[ü]"`;
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await rename(copy.folder, folder);
    for (const made of ['service-kit/dist', 'author-service/src/generated'])
      await rm(path.join(folder, made), { recursive: true });
    const dataDir = path.join(folder, '.sandbox');
    await mkdir(dataDir);
    const fresh = await newPlace(dataDir);
    {
      await using start = new NpmStart(fresh, folder, 'scripts/tool.mjs', '--services', 'sandbox/dist/start.js');
      await start.serves();
    }
    expect(await leftRunning(fresh)).toEqual([]);
  },
);
