// Loaded into a service before it starts, by the laboratory alone: on SIGUSR2 it collects all garbage, and says in a line
// of its own what is left.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  // Without options, with which Node 20 collects nothing. Twice: finalizers of what the first one finds may hold more.
  for (let time = 0; time < 2; time++) collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  console.log(JSON.stringify({ memory: { used: heapUsed + external, resident: rss } }));
});
