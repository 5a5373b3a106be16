/** What a process holds after its garbage has been collected, bytes. */
export interface Memory {
  /** Objects, and the memory outside of the heap that they own. A leak makes it grow. */
  readonly used: number;
  /** All pages of the process, with those that its allocators keep for later. */
  readonly resident: number;
}

const MIB = 2 ** 20;
/** Caches that fill, and code that is compiled after the warm-up. */
const MAX_USED_GROWTH = 16 * MIB;
/** The same, and 48 MiB for new objects, which Node takes under load and seldom gives back. */
const MAX_RESIDENT_GROWTH = 64 * MIB;

/** Compares what a process held after its warm-up and after its work. */
export function growth(before: Memory, after: Memory): { readonly isFlat: boolean; readonly text: string } {
  const used = after.used - before.used;
  const resident = after.resident - before.resident;
  return {
    isFlat: used <= MAX_USED_GROWTH && resident <= MAX_RESIDENT_GROWTH,
    text: `${inMib(used)} used, ${inMib(resident)} resident`,
  };
}

const inMib = (bytes: number): string => `${bytes < 0 ? '' : '+'}${(bytes / MIB).toFixed(1)} MiB`;
