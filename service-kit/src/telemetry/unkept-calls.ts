import { randomBytes } from 'node:crypto';
import { type SpanContext, TraceFlags } from '@opentelemetry/api';

/** New traces that a process keeps in a second. No setting: where it does not suit, OTEL_TRACES_SAMPLER takes its place. */
const TRACES_PER_SECOND = 50;

/** Keeps each trace while there are few, as when somebody tries a call, and no more than so many a second under load. */
export class TraceRate {
  #second = 0;
  #kept = 0;

  constructor(private readonly perSecond = TRACES_PER_SECOND) {}

  keepsOneMore(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#kept = 0;
    }
    return ++this.#kept <= this.perSecond;
  }
}

/**
 * The ids of a call whose trace is not kept: they are made when a line of the log or the other service asks for them,
 * which most calls never do.
 */
export class UnkeptContext implements SpanContext {
  readonly traceFlags = TraceFlags.NONE;
  #traceId: string | undefined;
  #spanId: string | undefined;

  get traceId(): string {
    this.#traceId ??= randomBytes(16).toString('hex');
    return this.#traceId;
  }

  get spanId(): string {
    this.#spanId ??= randomBytes(8).toString('hex');
    return this.#spanId;
  }
}
