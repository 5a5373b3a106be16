export const chance = (probability: number): boolean => Math.random() < probability;

/** A whole number from 0 to below `limit`; 0 when there is none. */
export const below = (limit: number): number => Math.floor(Math.random() * limit);

/** One of these values. */
export const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
