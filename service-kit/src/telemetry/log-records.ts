import { context, trace } from '@opentelemetry/api';
import { type AnyValueMap, logs, SeverityNumber } from '@opentelemetry/api-logs';
import { SCOPE } from './conventions.js';

const SEVERITY: Record<string, SeverityNumber> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};
/** What of a line is exported: what can be about nobody. The line in the service's own log has the rest. */
const EXPORTED = [
  'requestId',
  'code',
  'milliseconds',
  'audit',
  'outcome',
  'why',
  'opId',
  'closed',
  'bookCount',
  'publicPort',
  'internalPort',
  'library',
];
/** Its lines tell that nothing can be exported. */
export const LIBRARY = 'opentelemetry';

/** Exports a line of the log, in the span that it was written in. */
export function exportLine(line: string): void {
  const { time, level, msg, err, ...fields } = JSON.parse(line);
  if (fields.library === LIBRARY) return;
  const attributes: AnyValueMap = {};
  for (const name of EXPORTED) if (fields[name] !== undefined) attributes[name] = fields[name];
  // Only methods that there are have spans; the name of another is a stranger's words.
  if (fields.method !== undefined && trace.getSpan(context.active())) attributes.method = fields.method;
  // Its message and its stack may repeat what a caller sent.
  if (err?.type) attributes['exception.type'] = err.type;
  logs.getLogger(SCOPE).emit({
    timestamp: new Date(time),
    severityText: level,
    severityNumber: SEVERITY[level] ?? SeverityNumber.UNSPECIFIED,
    body: msg,
    attributes,
    context: context.active(),
  });
}
