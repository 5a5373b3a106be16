import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../root.js';
import type { InstalledBookstore } from './install-bookstore.js';

/** What the load client has seen so far. */
export interface Load {
  readonly calls: number;
  /** How often, by status and message. */
  readonly failures: Record<string, number>;
}

export interface LoadPod {
  /** Waits until this many calls have been made in all. */
  untilCalls(calls: number): Promise<Load>;
  /** Lets the calls in flight end. */
  end(): Promise<Load>;
}

const LOAD_TIMEOUT_MS = 180_000;

/** Steady load from a pod that finds the services by DNS, as any client in the cluster does. */
export async function startLoad(
  bookstore: InstalledBookstore,
  options: { readonly name: string; readonly callsPerSecond: number; readonly retries: boolean },
): Promise<LoadPod> {
  await bookstore.apply(podOf(options));
  await bookstore.kubectl('wait', '--for=condition=Ready', `pod/${options.name}`, '--timeout=60s');
  const reports = async () =>
    (await bookstore.kubectl('logs', options.name)).split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
  const until = async (done: (report: Load & { ended?: boolean }) => boolean): Promise<Load> => {
    const deadline = Date.now() + LOAD_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const last = (await reports()).at(-1);
      if (last && done(last)) return last;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error(`the load has not come that far: ${JSON.stringify((await reports()).at(-1))}`);
  };
  return {
    untilCalls: (calls) => until((report) => report.calls >= calls),
    end: async () => {
      // The container may end before the program in it that asked for it: what tells is the last report.
      await bookstore.kubectl('exec', options.name, '--', 'node', '-e', 'process.kill(1, "SIGTERM")').catch(() => {});
      return until(({ ended }) => ended === true);
    },
  };
}

function podOf(options: { readonly name: string; readonly callsPerSecond: number; readonly retries: boolean }): object {
  const script = readFileSync(path.join(root, 'e2e/src/client/load-client.mjs'), 'utf8');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: options.name, labels: { 'bookstore/client': 'true' } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'load',
          image: 'bookstore/author-service:dev',
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '--input-type=module', '--eval', script],
          env: [
            { name: 'CALLS_PER_SECOND', value: String(options.callsPerSecond) },
            { name: 'RETRIES', value: options.retries ? 'yes' : 'no' },
          ],
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
        },
      ],
    },
  };
}
