/** Time between two looks for the process that started this one, ms. */
const PARENT_INTERVAL_MS = 250;

/**
 * Aborted when this process is asked to end: by a signal such as Ctrl-C's, or because nobody is there to ask any more.
 *
 * @param script what npm calls the program, when npm runs it
 */
export function stopRequest(script: string): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  // npm passes a signal on to the shell between it and this process, and most shells end without passing it on again.
  if (process.env.npm_lifecycle_event === script) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stop.abort(), PARENT_INTERVAL_MS).unref();
  }
  // A terminal that is gone, or a pipe that nobody reads, is no reason to leave things running.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => stop.abort());
  return stop.signal;
}

/** Resolves when it is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
