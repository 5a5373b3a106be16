import { errorDetails, type UnaryMethod } from '@bookstore/service-kit';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** How a call ended, and how long it took. */
export type Outcome<T> = Answered<T> | Failed;

export interface Answered<T> {
  readonly ok: true;
  readonly response: T;
  readonly ms: number;
}

export interface Failed {
  readonly ok: false;
  /** Such as UNAVAILABLE. */
  readonly code: string;
  /** From ErrorInfo; empty where grpc itself failed. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly details: string;
  readonly ms: number;
}

export interface CallSettings {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly waitForReady?: boolean;
}

/** Longer than anything that the services promise to take. */
const DEADLINE_MS = 5000;

/** Makes one call; a failure is an outcome like any other. */
export function call<Req, Res>(
  method: UnaryMethod<Req, Res>,
  request: Req,
  { deadlineMs = DEADLINE_MS, signal, waitForReady = false }: CallSettings = {},
): Promise<Outcome<Res>> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const metadata = new Metadata({ waitForReady });
    const sent = method(request, metadata, { deadline: Date.now() + deadlineMs }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      const ms = performance.now() - startedAt;
      resolve(error ? failed(error, ms) : { ok: true, response, ms });
    });
    const cancel = () => sent.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

function failed(error: ServiceError, ms: number): Failed {
  const { info } = errorDetails(error);
  return {
    ok: false,
    code: status[error.code] ?? String(error.code),
    reason: info?.reason ?? '',
    metadata: info?.metadata ?? {},
    details: error.details,
    ms,
  };
}

/** Such as `UNAVAILABLE/DELETE_PENDING`, or `OK`. */
export const labelOf = (outcome: Outcome<unknown>): string =>
  outcome.ok ? 'OK' : [outcome.code, outcome.reason].filter(Boolean).join('/');

/** How often each label came, most frequent first, for people. */
export function tally(labels: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([label, count]) => `${label} ${count}`).join(', ') || 'none';
}

/** A quantile of durations, ms; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
