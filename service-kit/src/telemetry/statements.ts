import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import pg from 'pg';
import { SCOPE, secondsHistogram } from './conventions.js';
import { linksIn } from './trace-context.js';

const tracer = trace.getTracer(SCOPE);
const duration = secondsHistogram('db.client.operation.duration', 'Time that a statement of a call took');

type Callback = (error: unknown, result: unknown) => void;

/** The first word; of a common table expression, what it changes. */
const OPERATION = /^\s*(?:WITH\b.*?\b(INSERT|UPDATE|DELETE|MERGE)\b|([a-z]+))/is;

/**
 * A connection that tells of each statement that a call sends: its text, which holds no values, and never its parameters
 * or the message of its error, which may repeat them.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/postgresql/
 */
export class TracedClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg's own signature has six forms
  override query(...args: any[]): any {
    const [statement] = args;
    const text = typeof statement === 'string' ? statement : statement?.text;
    const send = super.query as (...args: unknown[]) => unknown;
    // Background work, such as the look at whether the database answers, is no part of a call.
    if (typeof text !== 'string' || !trace.getSpan(context.active())) return send.apply(this, args);
    const end = this.#begin(text);
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      const told: Callback = (error, result) => {
        end(error);
        (callback as Callback)(error, result);
      };
      return send.apply(this, [...args.slice(0, -1), told]);
    }
    return (send.apply(this, args) as Promise<unknown>).then(
      (result) => {
        end();
        return result;
      },
      (error) => {
        end(error);
        throw error;
      },
    );
  }

  /** Begins the span of a statement; the returned function ends it. */
  #begin(text: string): (error?: unknown) => void {
    const operation = operationOf(text);
    const attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': this.database ?? '',
      'db.operation.name': operation,
      'server.address': this.host,
      'server.port': this.port,
    };
    const span = trace.getActiveSpan()?.isRecording() ? this.#span(text, operation, attributes) : undefined;
    const startedAt = performance.now();
    return (error) => {
      const failure = error ? { 'error.type': codeOf(error) } : {};
      duration().record((performance.now() - startedAt) / 1000, { ...attributes, ...failure });
      if (error) span?.setAttributes(failure).setStatus({ code: SpanStatusCode.ERROR });
      span?.end();
    };
  }

  #span(text: string, operation: string, attributes: Attributes): Span {
    const parent = context.active();
    const options = {
      kind: SpanKind.CLIENT,
      attributes: { ...attributes, 'db.query.text': text.trim() },
      links: linksIn(parent),
    };
    return tracer.startSpan(`${operation} ${this.database}`, options, parent);
  }
}

function operationOf(text: string): string {
  const [, change, first] = OPERATION.exec(text) ?? [];
  return (change ?? first ?? '_OTHER').toUpperCase();
}

/** SQLSTATE, or the code of an error of the connection. */
function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : '_OTHER';
}
