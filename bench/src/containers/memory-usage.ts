import { docker, lines } from './stack.js';

/** What each container uses just now, by its name, MiB; without what it has read from files and could forget. */
export async function memoryUsage(containers: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const format = '{{.Name}}\t{{.MemUsage}}';
  const said = lines(await docker(['stats', '--no-stream', '--format', format, ...containers]));
  return new Map(
    said.map((line) => {
      const [name = '', usage = ''] = line.split('\t');
      return [name, mebibytes(usage)];
    }),
  );
}

/** From what docker stats says of memory, such as 61.2MiB / 512MiB. */
export function mebibytes(usage: string): number {
  const [, number, unit = ''] = /^([\d.]+)([KMG]?i?B)/.exec(usage) ?? [];
  const size = { B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 2 ** 10 }[unit] ?? Number.NaN;
  return Number(number) * size;
}
