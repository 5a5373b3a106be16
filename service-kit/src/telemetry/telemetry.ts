import type { Interceptor } from '@grpc/grpc-js';
import type pg from 'pg';
import type { Logger } from '../log/logger.js';
import type { EndListener, Gates } from '../server/admission.js';

/** Where a call belongs among all that is traced; only telemetry looks inside. */
export type Trace = object;

/** A figure that is read whenever metrics are exported. */
export interface Figure {
  readonly name: string;
  /** In UCUM's notation, such as By or {call}. */
  readonly unit: string;
  readonly description: string;
  /** Tells the value, or one for each set of attributes; nothing when it rejects. */
  readonly read: (tell: (value: number, attributes?: Readonly<Record<string, string>>) => void) => unknown;
}

/** What the kit does otherwise while telemetry is on. While it is off there is none, and nothing of it is loaded. */
export interface Telemetry {
  /**
   * Begins to export, as this service.
   *
   * @param methods full names of those that are told of, such as /bookstore.author.v1.AuthorService/GetAuthor
   * @param logger told when nothing can be exported
   */
  start(service: string, methods: readonly string[], logger: Logger): void;
  /** Exports what is left, for at most so long. */
  stop(timeoutMs: number): Promise<void>;

  /** The gates, behind one that begins a span for each call. */
  gates(gates: Gates): Gates;
  /**
   * The listener, within the call's span where it has a line to write; then the span ends.
   *
   * @param tellsOfEach whether it writes one of each call, instead of refused ones alone
   */
  endListener(listener: EndListener, tellsOfEach: boolean): EndListener;
  /** For clients of the other service: a span for each call, and its trace in the metadata. */
  readonly interceptors: readonly Interceptor[];
  /** A connection with a span for each statement of a call. */
  readonly Client: typeof pg.Client;

  /** One trace for work that several calls share. */
  share(traces: readonly (Trace | undefined)[]): Trace | undefined;
  /** Ids of the trace and span that this code runs in, for a log line. */
  ids(): Record<string, string>;
  /** Exports a line of the log. */
  log(line: string): void;
  observe(figure: Figure): void;
}

let current: Telemetry | undefined;

/** None while telemetry is off. */
export const telemetry = (): Telemetry | undefined => current;

/** Turns telemetry on, before a service starts. */
export function useTelemetry(telemetry: Telemetry): void {
  current = telemetry;
}

/** Exports a figure of a service's own, where telemetry is on. */
export const observe = (figure: Figure): void => current?.observe(figure);
