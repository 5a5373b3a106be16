import { readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '@bookstore/sandbox';
import { root } from '../../../scripts/services.mjs';
import type { Namespace } from './namespace.js';

/** What the load client has seen so far. */
export interface Load {
  readonly calls: number;
  /** How often, by status and message. */
  readonly failures: Record<string, number>;
  readonly ended?: boolean;
}

export interface LoadPod {
  /** Waits until this many more calls have been made. */
  moreCalls(calls: number): Promise<void>;
  /** Lets the calls in flight end. */
  end(): Promise<Load>;
}

interface LoadOptions {
  readonly name: string;
  readonly callsPerSecond: number;
  readonly retries: boolean;
}

const LIMIT_MS = 180_000;

/** Steady load from a pod that finds the services by DNS, as any client in the cluster does. */
export async function startLoad(namespace: Namespace, options: LoadOptions): Promise<LoadPod> {
  await namespace.apply(podOf(options));
  await namespace.kubectl('wait', '--for=condition=Ready', `pod/${options.name}`, '--timeout=60s');
  const report = (what: string, isDone: (load: Load) => boolean) =>
    until(what, LIMIT_MS, async () => {
      const [last] = (await namespace.kubectl('logs', options.name, '--tail=1')).split('\n');
      const load: Load | undefined = last ? JSON.parse(last) : undefined;
      return load && isDone(load) && load;
    });
  return {
    moreCalls: async (calls) => {
      const before = await report('a call', () => true);
      await report(`${calls} more calls`, (load) => load.calls >= before.calls + calls);
    },
    end: async () => {
      // This exec may end with its container; the last report says how the load ended.
      const stop = ['exec', options.name, '--', 'node', '-e', 'process.kill(1, "SIGTERM")'];
      await namespace.kubectl(...stop).catch(() => {});
      return report('the end of the load', ({ ended }) => ended === true);
    },
  };
}

function podOf({ name, callsPerSecond, retries }: LoadOptions): object {
  const script = readFileSync(path.join(root, 'e2e/src/client/load-client.mjs'), 'utf8');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'bookstore/client': 'true' } },
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
            { name: 'CALLS_PER_SECOND', value: String(callsPerSecond) },
            { name: 'RETRIES', value: retries ? 'yes' : 'no' },
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
