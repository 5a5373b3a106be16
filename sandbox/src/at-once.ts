/** Does something `times` times, at most `limit` at once, and returns the results. The first failure ends all of it. */
export async function atOnce<T>(limit: number, times: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let begun = 0;
  const worker = async () => {
    while (begun < times) {
      results.push(
        await work(begun++).catch((error) => {
          begun = times;
          throw error;
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
