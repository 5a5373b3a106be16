/** Does something `times` times, at most `limit` at once, and returns the results. */
export async function atOnce<T>(limit: number, times: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let begun = 0;
  const worker = async () => {
    while (begun < times) results.push(await work(begun++));
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
