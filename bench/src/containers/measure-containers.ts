import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check, PartFindings } from '../report/results.js';
import { median } from '../report/statistics.js';
import { memoryUsage } from './memory-usage.js';
import { docker, Stack } from './stack.js';

const BASE_IMAGE = 'node:24-bookworm-slim';
const TIMES = 3;
const MEBIBYTE = 2 ** 20;
const IDLE_MS = 10_000;

/** Sizes and times of the bookstore in Docker Compose. */
export async function measureContainers(): Promise<PartFindings> {
  await using stack = await Stack.build();
  const checks = await imageSizes(stack);
  await stack.compose('up', '--wait'); // its databases are made
  const starts: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    await stack.compose('down', '--timeout', '10');
    starts.push(await seconds(() => stack.compose('up', '--wait')));
  }
  checks.push({ name: 'docker compose up --wait, warm', measured: median(starts), unit: 's', atMost: 8 });
  await sleep(IDLE_MS);
  checks.push(...(await memoryOf(stack)));
  checks.push(await rebuild(stack));
  return {
    checks,
    conditions: `median of ${TIMES} starts with images and volumes there; memory ${IDLE_MS / 1000} s after`,
  };
}

async function imageSizes(stack: Stack): Promise<Check[]> {
  const sizeOf = async (image: string) => Number(await docker(['image', 'inspect', '--format', '{{.Size}}', image]));
  const base = await sizeOf(BASE_IMAGE);
  const checks: Check[] = [];
  for (const service of ['author-service', 'book-service']) {
    const above = ((await sizeOf(stack.image(service))) - base) / MEBIBYTE;
    checks.push({ name: `image of the ${service} above ${BASE_IMAGE}`, measured: above, unit: 'MiB', atMost: 60 });
  }
  return checks;
}

async function memoryOf(stack: Stack): Promise<Check[]> {
  const all = await memoryUsage(await stack.containers());
  const used = [...all].map(([name, measured]) => ({
    name: `of it, ${name.replace(`${stack.id}-`, '').replace(/-1$/, '')}`,
    measured,
    unit: 'MiB',
  }));
  const sum = used.reduce((total, { measured }) => total + measured, 0);
  return [{ name: 'idle memory of the compose stack', measured: sum, unit: 'MiB', atMost: 250 }, ...used];
}

/** Until the changed line is in an image. */
async function rebuild(stack: Stack): Promise<Check> {
  const file = path.join(stack.folder, 'author-service/src/main.ts');
  const source = readFileSync(file, 'utf8');
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    // Another one each time: the engine still has what an earlier run has built.
    writeFileSync(file, `${source}\nexport const change = '${randomUUID()}';\n`);
    times.push(await seconds(() => stack.compose('build', 'author-service')));
  }
  return { name: 'an image again after a change of a source file', measured: median(times), unit: 's', atMost: 5 };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}
