const SECOND_MS = 1_000;

/** Waits for Ctrl-C. */
export interface Stop {
  readonly signal: AbortSignal;
  /** What to exit with once stopped: 128 and the signal's number, as shells have it. */
  exitCode(): number;
}

/**
 * Makes SIGINT and SIGTERM stop the work instead of the process; a second one, a second or more later, ends the process
 * at once. Sooner it is the first one again: under `npm run`, Ctrl-C reaches a script from the terminal and from npm.
 */
export function stopOnSignal(): Stop {
  const controller = new AbortController();
  let first: { at: number; exitCode: number } | undefined;
  const stop = (exitCode: number) => () => {
    if (first && Date.now() - first.at > SECOND_MS) process.exit(exitCode);
    first ??= { at: Date.now(), exitCode };
    controller.abort();
  };
  process.on('SIGINT', stop(130));
  process.on('SIGTERM', stop(143));
  return { signal: controller.signal, exitCode: () => first?.exitCode ?? 0 };
}
