import { type Trace, telemetry } from '../telemetry/telemetry.js';
import type { Call, Identity } from './call.js';

/** Work that several calls share: it goes on as long as one of them has somebody waiting. */
export class SharedCall implements Call {
  readonly identity: Identity = { kind: 'service', name: 'several callers' };
  readonly trace: Trace | undefined;

  constructor(private readonly calls: readonly [Call, ...Call[]]) {
    this.trace = telemetry()?.share(calls.map(({ trace }) => trace));
  }

  get method(): string {
    return this.calls[0].method;
  }

  get requestId(): string {
    return this.calls.map(({ requestId }) => requestId).join(' ');
  }

  get deadline(): number {
    return Math.max(...this.calls.map(({ deadline }) => deadline));
  }

  get ended(): boolean {
    return this.calls.every(({ ended }) => ended);
  }

  /** Aborted with the last of them. */
  get signal(): AbortSignal {
    const controller = new AbortController();
    const abortWithLast = () => {
      if (this.calls.every(({ signal }) => signal.aborted)) controller.abort();
    };
    for (const { signal } of this.calls) signal.addEventListener('abort', abortWithLast, { once: true });
    abortWithLast();
    return controller.signal;
  }
}
