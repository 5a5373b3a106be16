import { Presets, SingleBar } from 'cli-progress';
import type { LoadReport } from './report.js';

/** Shows how far the load is while it goes on, where there is a terminal; returns what takes the bar away. */
export function showProgress(report: LoadReport): () => void {
  if (!process.stdout.isTTY) return () => undefined;
  const bar = new SingleBar(
    {
      format: '{bar} {percentage}% | {value}/{total} authors and books | {duration_formatted}, {eta_formatted} to go',
      stream: process.stdout,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  bar.start(report.total, 0);
  const timer = setInterval(() => bar.update(report.done), 100);
  return () => {
    clearInterval(timer);
    bar.stop();
  };
}
