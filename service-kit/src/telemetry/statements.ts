import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import pg from 'pg';
import { SCOPE, secondsHistogram } from './conventions.js';
import { lasting } from './lasting-attributes.js';
import { linksIn } from './trace-context.js';

const tracer = trace.getTracer(SCOPE);
const duration = secondsHistogram('db.client.operation.duration', 'Time that a statement of a call took');

type Callback = (error: unknown, result: unknown) => void;

/** The first word; of a common table expression, what it changes, which is not what it locks. */
const OPERATION = /^\s*(?:WITH\b.*?\b(?<!\bFOR (?:NO KEY )?)(INSERT|UPDATE|DELETE|MERGE)\b|([a-z]+))/is;

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
    const attributes = attributesOf(this, operation);
    const span = trace.getActiveSpan()?.isRecording() ? this.#span(text, operation, attributes) : undefined;
    const startedAt = performance.now();
    return (error) => {
      const ended = error ? attributesOf(this, operation, codeOf(error)) : attributes;
      duration().record((performance.now() - startedAt) / 1000, ended);
      if (error) span?.setAttributes(ended).setStatus({ code: SpanStatusCode.ERROR });
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

const known = new Map<string, Attributes>();

/** One object for each operation and error of a database. */
function attributesOf({ database, host, port }: pg.Client, operation: string, error?: string): Attributes {
  const key = `${host}:${port}/${database} ${operation} ${error}`;
  const before = known.get(key);
  if (before) return before;
  const attributes = lasting({
    'db.system.name': 'postgresql',
    'db.namespace': database ?? '',
    'db.operation.name': operation,
    'server.address': host,
    'server.port': port,
    ...(error && { 'error.type': error }),
  });
  known.set(key, attributes);
  return attributes;
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
