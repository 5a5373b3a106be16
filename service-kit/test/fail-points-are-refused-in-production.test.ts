import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CRASHED } from '../src/fail-points/fail-point.js';
import { checkSettings } from '../src/service/check-settings.js';
import { kitSettings } from '../src/settings/kit-settings.js';
import { readSettings, SettingsError } from '../src/settings/setting.js';

const required = {
  LISTEN_HOST: '127.0.0.1',
  PUBLIC_PORT: '0',
  INTERNAL_PORT: '0',
  INTERNAL_PEER_NAMES: 'peer',
  AUTH: 'off',
  DATABASE_URL: 'postgresql://nowhere',
};
const settingsWith = (failPoint: string) => readSettings(kitSettings, { ...required, FAIL_POINT: failPoint });

test.each(['production', 'development', undefined])('a fail point is refused with NODE_ENV %s', (mode) => {
  const check = () => checkSettings(settingsWith('create-book.inserted:1'), { NODE_ENV: mode });
  expect(check).toThrow(SettingsError);
  expect(check).toThrow('FAIL_POINT');
});

test.each(['create-book', 'create-book:0', ':1', 'a b:1', 'x:1,y:2'])('%s is no fail point', (plan) => {
  expect(() => settingsWith(plan)).toThrow('FAIL_POINT');
});

test('a process ends at the planned time that it reaches a step, and at no other', async () => {
  const module = fileURLToPath(new URL('../dist/fail-points/fail-point.js', import.meta.url));
  const program = `
    import { armFailPoint, failPoint } from ${JSON.stringify(module)};
    armFailPoint('create-book.inserted:3');
    for (const step of ['inserted', 'received', 'inserted', 'inserted', 'inserted']) {
      console.log(step);
      failPoint('create-book.' + step);
    }`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  await expect(run).rejects.toMatchObject({ code: CRASHED, stdout: 'inserted\nreceived\ninserted\ninserted\n' });
});
