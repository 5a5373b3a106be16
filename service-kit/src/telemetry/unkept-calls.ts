import { randomBytes } from 'node:crypto';
import { type Context, ROOT_CONTEXT, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';

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
 * A call whose trace is not kept: its context and its ids are made when a statement, a line of the log or the other
 * service asks for them, which most calls never do.
 */
export class UnkeptTrace implements SpanContext {
  #context: Context | undefined;
  #traceId: string | undefined;
  #spanId: string | undefined;

  /** With a span that records nothing, and tells these ids. */
  get context(): Context {
    this.#context ??= trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext(this));
    return this.#context;
  }

  get traceFlags(): TraceFlags {
    return TraceFlags.NONE;
  }

  get traceId(): string {
    this.#traceId ??= randomBytes(16).toString('hex');
    return this.#traceId;
  }

  get spanId(): string {
    this.#spanId ??= randomBytes(8).toString('hex');
    return this.#spanId;
  }
}
