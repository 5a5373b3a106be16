// Loaded into each service under test before its own code, with --expose-gc. On SIGUSR2 it collects garbage and prints
// what is left.
process.on('SIGUSR2', () => {
  // Twice: finalizers that the first run starts may hold more. Node 20 collects nothing when options are given.
  for (let time = 0; time < 2; time++) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  console.log(JSON.stringify({ memory: { used: heapUsed + external, resident: rss } }));
});
