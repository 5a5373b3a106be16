import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../src/postgres/embedded-postgres.js';
import { explainFileError, explainOutput } from '../src/postgres/file-error.js';
import { SandboxError } from '../src/sandbox-error.js';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'postgres-refuses-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const start = (dataDir: string, more = {}) => startEmbeddedPostgres({ dataDir, durable: false, ...more });

/** The one line that a start which must fail shows. */
async function refusal(dataDir: string, more = {}): Promise<string> {
  const error = await start(dataDir, more).then(
    async (server) => {
      await server.stop();
      throw new Error('it started');
    },
    (refused: Error) => refused,
  );
  expect(error).toBeInstanceOf(SandboxError);
  expect(error.message).not.toContain('\n');
  return error.message;
}

function folder(name: string, files: Record<string, string>): string {
  const dataDir = path.join(scratch, name);
  mkdirSync(dataDir);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(dataDir, file), text);
  return dataDir;
}

test('a folder in use, by whatever way one comes to it; its server is none the worse', async () => {
  const dataDir = path.join(scratch, 'in-use');
  const server = await start(dataDir);
  symlinkSync(scratch, `${scratch}-by-another-name`);
  try {
    const expected = `${dataDir} is in use by process ${process.pid}: `;
    expect(await refusal(dataDir)).toContain(expected);
    expect(await refusal(path.join(`${scratch}-by-another-name`, 'in-use'))).toContain(expected);
    expect(() => process.kill(server.pid, 0)).not.toThrow();
  } finally {
    rmSync(`${scratch}-by-another-name`);
    await server.stop();
  }
});

test('data that cannot be opened: without its password, with a bad setting, of another version', async () => {
  const dataDir = path.join(scratch, 'in-use'); // by nobody any more
  const elsewhere = path.join(scratch, 'moved');
  cpSync(dataDir, elsewhere, { recursive: true });
  expect(await refusal(elsewhere)).toMatch(/password of the data in .* is gone/);
  const message = await refusal(dataDir, { settings: { wal_level: 'nonsense' } });
  expect(message).toContain('invalid value for parameter "wal_level": "nonsense"');
  expect(message).toContain(`${dataDir}.log`);
  writeFileSync(path.join(dataDir, 'PG_VERSION'), '17\n');
  expect(await refusal(dataDir)).toMatch(/was made by PostgreSQL 17, this is 18: remove that folder .* or dump/);
});

test('a taken port, before any work is done', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  try {
    const message = await refusal(path.join(scratch, 'no-port'), { port });
    expect(message).toBe(
      `port ${port} on 127.0.0.1 is taken by another program, so PostgreSQL cannot listen there; stop that program or choose another port`,
    );
  } finally {
    squatter.close();
  }
});

// What binds root, too.
test.each([
  ['beneath a file', 'a part of that path is a file, not a folder', () => path.join(scratch, 'file', 'postgres')],
  ['that is a file', 'a part of that path is a file, not a folder', () => path.join(scratch, 'file')],
])('a folder %s', async (_, why, dataDir) => {
  writeFileSync(path.join(scratch, 'file'), '');
  expect(await refusal(dataDir())).toContain(`cannot be kept in ${dataDir()}: ${why}`);
});

test.runIf(process.platform === 'linux')('a folder where nothing can be written', async () => {
  // Not even root makes folders in there.
  expect(await refusal('/sys/kernel/bookstore/postgres')).toContain('cannot be kept in /sys/kernel/');
});

test('a folder of something else', async () => {
  expect(await refusal(folder('photos', { 'cat.jpg': '' }))).toContain("holds something else than PostgreSQL's data");
});

test.each([
  ['EACCES', 'this user may not read or write there'],
  ['EROFS', 'that file system is read-only'],
  ['ENOSPC', 'the disk is full'],
])('what the system calls %s', (code, why) => {
  const error = explainFileError(Object.assign(new Error(), { code }), '/data');
  expect((error as Error).message).toBe(
    `PostgreSQL's data cannot be kept in /data: ${why}; mend that or choose another folder`,
  );
});

test('a disk that fills up under PostgreSQL', () => {
  const output = 'PANIC:  could not write to file "pg_wal/xlogtemp.71": No space left on device';
  expect(explainOutput(output, '/data')?.message).toContain('the disk is full');
});

test('an owner on another host, as long as there is a sign of life of it', async () => {
  const dataDir = path.join(scratch, 'shared');
  const file = `${dataDir}.owner-of-a-container.json`;
  writeFileSync(file, JSON.stringify({ pid: process.pid, host: `not-${hostname()}` }));
  expect(await refusal(dataDir)).toContain(`is in use by process ${process.pid} on not-${hostname()}`);
});
