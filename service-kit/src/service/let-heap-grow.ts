import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/** Of the memory that there is, for garbage of the old generation. */
const SHARE = 1 / 32;
/** What a service's heap is without garbage, in bytes. */
const LIVE = 40 * 2 ** 20;
const LEAST_PERCENT = 40;
/** The most that V8 lets a heap grow by itself. */
const MOST_PERCENT = 300;

/**
 * Lets V8's heap grow before its old generation is collected: by 40 % where 512 MiB are the limit, by 300 % where there are
 * 4 GiB. Node makes each value of a call's metadata a string of that generation (300 bytes a call). By its own reckoning V8
 * then collects it several times a second where memory is short, at 40 ms and more each: with a limit of 512 MiB, and its young
 * generation of 1 MiB there, collecting was 41 to 69 % of a service's CPU.
 */
export function letHeapGrow(): void {
  const memory = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  const percent = Math.min(Math.max(LEAST_PERCENT, Math.round((100 * SHARE * memory) / LIVE)), MOST_PERCENT);
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
