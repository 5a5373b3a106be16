import { context, trace } from '@opentelemetry/api';
import type { NodeSDK } from '@opentelemetry/sdk-node';
import type { Logger } from '../log/logger.js';
import type { EndListener, Gates } from '../server/admission.js';
import { exportLine } from './log-records.js';
import { tracePeerCall } from './peer-calls.js';
import { observe, observeProcess } from './process-figures.js';
import { startSdk } from './sdk.js';
import { ServerCalls } from './server-calls.js';
import { sharedContext } from './shared-context.js';
import { TracedClient } from './statements.js';
import type { Figure, Telemetry } from './telemetry.js';
import { contextOf } from './trace-context.js';
import { TraceRate } from './unkept-calls.js';

/** Telemetry by OpenTelemetry, over OTLP. The environment's OTEL_ variables say the rest. */
export class OpenTelemetry implements Telemetry {
  readonly interceptors = [tracePeerCall];
  readonly Client = TracedClient;
  readonly observe: (figure: Figure) => void = observe;
  readonly log: (line: string) => void = exportLine;
  readonly share = sharedContext;
  #calls!: ServerCalls;
  #sdk: NodeSDK | undefined;

  start(service: string, methods: readonly string[], logger: Logger): void {
    this.#sdk = startSdk(service, logger);
    this.#calls = new ServerCalls(methods, process.env.OTEL_TRACES_SAMPLER ? undefined : new TraceRate());
    observeProcess();
  }

  async stop(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    // What cannot be exported is lost: it has been told of by then, and harms nobody.
    await Promise.race([this.#sdk?.shutdown().catch(() => {}), timeout]);
    clearTimeout(timer);
  }

  gates(gates: Gates): Gates {
    return { ...gates, arrival: [(arrival) => this.#calls.begin(arrival), ...gates.arrival] };
  }

  endListener(listener: EndListener, tellsOfEach: boolean): EndListener {
    return (arrival, code, milliseconds, refusal) => {
      if (arrival.trace && (refusal || tellsOfEach))
        context.with(contextOf(arrival.trace), () => listener(arrival, code, milliseconds, refusal));
      else listener(arrival, code, milliseconds, refusal);
      this.#calls.end(arrival, code, milliseconds, refusal);
    };
  }

  ids(): Record<string, string> {
    const span = trace.getActiveSpan()?.spanContext();
    return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
  }
}
