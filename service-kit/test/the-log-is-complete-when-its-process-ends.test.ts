import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const logger = new URL('../dist/log/logger.js', import.meta.url).href;

test.each([
  ['ends by itself', '', 0],
  ['exits', 'process.exit(3);', 3],
  ['fails', "throw new Error('unforeseen');", 1],
  ['exits after a fatal line', "log.fatal('fatal'); process.exit(4);", 4],
  ['is killed a turn later', "setImmediate(() => setImmediate(() => process.kill(process.pid, 'SIGKILL')));", null],
])('a process that %s has written all of its lines', (_, ending, status) => {
  const program = `
    import { createLogger } from '${logger}';
    const log = createLogger('test', { LOG_LEVEL: 'info', LOG_FORMAT: 'json' });
    for (let number = 0; number < 1000; number++) log.info({ number }, 'a line');
    ${ending}`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  expect(ended.status).toBe(status);
  const numbers = ended.stdout
    .split('\n')
    .filter((line) => line.includes('a line'))
    .map((line) => JSON.parse(line).number);
  expect(numbers).toEqual(Array.from({ length: 1000 }, (__, index) => index));
  expect(ended.stdout.endsWith('\n')).toBe(true);
});
