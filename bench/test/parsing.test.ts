import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseArguments } from '../src/arguments.js';
import { mebibytes } from '../src/containers/memory-usage.js';
import { cpuFields, peakMemoryOf } from '../src/load/cpu.js';
import { commandOf, imageCommand } from '../src/load/image-command.js';
import { sharesOf } from '../src/replicas/measure-replicas.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.each(['author-service', 'book-service'] as const)('the %s runs as its image does', (service) => {
  expect(imageCommand(root, service).at(-1)).toBe(`${service}/dist/main.js`);
});

test('the last command of a Dockerfile is the image’s', () => {
  expect(commandOf('CMD ["node", "dev.js"]\nFROM x\nCMD ["node", "--flag", "main.js"]\n')).toEqual([
    '--flag',
    'main.js',
  ]);
  expect(() => commandOf('CMD ["sh"]')).toThrow('something else than node');
});

test('CPU times are found behind a process’s name, whatever is in it', () => {
  expect(cpuFields('7 (no) de (x) S 1 7 7 0 -1 4 5 0 0 0 110 22 3 4 20 0 11')).toEqual([110, 22, 3, 4]);
});

test('memory is what was resident, without files', () => {
  expect(peakMemoryOf('Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t 199000 kB\nRssFile:\t   51200 kB\n')).toBe(150);
});

test('docker stats tells memory in units', () => {
  expect(mebibytes('61.2MiB / 512MiB')).toBe(61.2);
  expect(mebibytes('512KiB / 512MiB')).toBe(0.5);
  expect(mebibytes('1.5GiB / 2GiB')).toBe(1536);
  expect(mebibytes('--')).toBeNaN();
});

test('shares are parts of all calls', () => {
  expect(sharesOf([25, 50, 25])).toEqual([0.25, 0.5, 0.25]);
});

test('the short form measures the load alone; --only names parts and operations', () => {
  expect(parseArguments([]).parts).toEqual(['load', 'start', 'containers', 'replicas']);
  expect(parseArguments(['--short']).parts).toEqual(['load']);
  expect(parseArguments(['--only', 'start'])).toMatchObject({ parts: ['start'], operations: [] });
  expect(parseArguments(['--only', 'GetBook'])).toMatchObject({ parts: ['load'], operations: ['GetBook'] });
  expect(() => parseArguments(['--rounds', 'many'])).toThrow('--rounds');
});
