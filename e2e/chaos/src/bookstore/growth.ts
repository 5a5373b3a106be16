import type { Memory } from './chaos-bookstore.js';

const MIB = 2 ** 20;
/** Caches that fill, and code that is compiled later than in the warm-up; a leak has no such end. */
const FLAT_USED = 16 * MIB;
/** On top of that, the 48 MiB for new objects that Node takes under load and seldom gives back. */
const FLAT_RESIDENT = 64 * MIB;

/** How much more memory a process holds than it held after its warm-up, both without garbage. */
export function growth(before: Memory, after: Memory): { readonly flat: boolean; readonly text: string } {
  const used = after.used - before.used;
  const resident = after.resident - before.resident;
  return {
    flat: used <= FLAT_USED && resident <= FLAT_RESIDENT,
    text: `${inMib(used)} in use, ${inMib(resident)} resident`,
  };
}

const inMib = (bytes: number): string => `${bytes < 0 ? '' : '+'}${(bytes / MIB).toFixed(1)} MiB`;
