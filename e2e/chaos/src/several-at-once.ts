/** Does something so many times, at most `atOnce` of them at a time, and returns what came of each. */
export async function severalAtOnce<T>(times: number, atOnce: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let begun = 0;
  const worker = async () => {
    while (begun++ < times) results.push(await work());
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
