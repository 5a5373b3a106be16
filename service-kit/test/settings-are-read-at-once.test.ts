import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  integer,
  oneOf,
  optionalSetting,
  port,
  readSettings,
  SettingsError,
  setting,
  text,
} from '../src/settings/setting.js';

const table = {
  HOST: setting('address to bind to', text),
  PORT: setting('port to bind to', port, '0'),
  LEVEL: setting('how much to log', oneOf('debug', 'info'), 'info'),
  TRIES: setting('how often', integer(1, 5), '3'),
  SECRET: optionalSetting('a password', text),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  await writeFile(path.join(folder, name), content);
  return path.join(folder, name);
}

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readSettings(table, env);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as SettingsError).problems;
  }
  return [];
}

test('what is not set has its default, or none', () => {
  expect(readSettings(table, { HOST: '::1' })).toEqual({ HOST: '::1', PORT: 0, LEVEL: 'info', TRIES: 3 });
});

test('an empty variable is one that is not set', () => {
  expect(readSettings(table, { HOST: 'h', PORT: '', LEVEL: '', SECRET: '', SECRET_FILE: '' })).toMatchObject({
    PORT: 0,
    LEVEL: 'info',
  });
  expect(problemsOf({ HOST: '' })).toEqual(['HOST is not set (address to bind to)']);
});

test('the settings do not change any more', () => {
  const settings = readSettings(table, { HOST: 'h' });
  expect(Object.isFrozen(settings)).toBe(true);
});

test('every bad variable is named at once, with what it may be and never with its value', () => {
  const problems = problemsOf({ PORT: '65536', LEVEL: 'hunter2', TRIES: 'hunter2', SECRET_FILE: '/hunter2/none' });
  expect(problems).toEqual([
    'HOST is not set (address to bind to)',
    'PORT must be at most 65535',
    'LEVEL must be one of debug, info',
    'TRIES must be a whole number',
    'SECRET_FILE cannot be read (ENOENT)',
  ]);
  expect(new SettingsError(problems).message).not.toContain('hunter2');
});

test.each(['-1', '1.5', '0x1', '1e1', ' 1', '1 ', '6', '0', '99999999999999999999'])('TRIES=%j is refused', (TRIES) => {
  expect(problemsOf({ HOST: 'h', TRIES })).toEqual([expect.stringMatching(/^TRIES must be/)]);
});

test('a time is no longer than a timer can be', () => {
  const ms = { AFTER_MS: setting('time to wait, ms', integer(0)) };
  expect(readSettings(ms, { AFTER_MS: '2147483647' })).toEqual({ AFTER_MS: 2147483647 });
  expect(() => readSettings(ms, { AFTER_MS: '2147483648' })).toThrow('AFTER_MS must be at most 2147483647');
});

describe('a secret in a file', () => {
  test.each([
    ['without a newline', 's3cret'],
    ['with a newline at its end, as editors leave one', 's3cret\n'],
    ['with a newline of Windows', 's3cret\r\n'],
  ])('%s is read', async (_how, content) => {
    expect(readSettings(table, { HOST: 'h', SECRET_FILE: await file('secret', content) }).SECRET).toBe('s3cret');
  });

  test('keeps what is no newline at its end', async () => {
    const SECRET_FILE = await file('spaced', ' s3cret \n\n');
    expect(readSettings(table, { HOST: 'h', SECRET_FILE }).SECRET).toBe(' s3cret \n');
  });

  test('that is empty is refused', async () => {
    expect(problemsOf({ HOST: 'h', SECRET_FILE: await file('empty', '\n') })).toEqual(['SECRET must not be empty']);
  });

  test('beside the variable itself is refused', async () => {
    expect(problemsOf({ HOST: 'h', SECRET: 'a', SECRET_FILE: await file('both', 'b') })).toEqual([
      'SECRET and SECRET_FILE are both set',
    ]);
  });
});
