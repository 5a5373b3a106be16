import { expect, test } from 'vitest';
import { checkFailPoint } from '../src/fail-points/check-fail-point.js';
import { CrashPlan } from '../src/fail-points/crash-plan.js';
import { createLogger } from '../src/log/logger.js';
import { kitSettings } from '../src/settings/kit-settings.js';
import { readSettings, SettingsError } from '../src/settings/setting.js';

const required = { PUBLIC_PORT: '0', INTERNAL_PORT: '0', AUTH: 'off', DATABASE_URL: 'postgresql://nowhere' };
const settingsWith = (failPoint: string) =>
  readSettings(kitSettings, { ...required, INTERNAL_PEER_NAME: 'peer', FAIL_POINT: failPoint });
const logger = createLogger('test', { LOG_LEVEL: 'error', LOG_FORMAT: 'json' });

test.each(['production', 'development', undefined])('a fail point is refused with NODE_ENV %s', (mode) => {
  expect(() => checkFailPoint(settingsWith('create-book.inserted:1'), { NODE_ENV: mode }, logger)).toThrow(
    SettingsError,
  );
});

test.each(['create-book', 'create-book:0', ':1', 'a b:1', 'x:1,y:2'])('%s is no fail point', (plan) => {
  expect(() => settingsWith(plan)).toThrow('FAIL_POINT');
});

test('a step ends the process at the planned time that it is reached, and at no other', () => {
  const plan = new CrashPlan('create-book.inserted:3');
  const steps = ['create-book.inserted', 'create-book.received', ...Array(4).fill('create-book.inserted')];
  expect(steps.map((step) => plan.reaches(step))).toEqual([false, false, false, true, false, false]);
});
