import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What OTLP's JSON calls a value. */
interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}
type KeyValues = readonly { readonly key: string; readonly value: AnyValue }[];
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span that came in. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  /** 2 is a server's, 3 a client's. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  /** 2 is an error. */
  readonly status: number | undefined;
}

/** A line of a log that came in. */
export interface ReceivedLine {
  readonly service: string;
  readonly body: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

/** The newest value of a metric for one set of attributes. */
export interface ReceivedPoint {
  readonly service: string;
  readonly attributes: Attributes;
  /** The sum of a counter, the value of a gauge, the count of a histogram. */
  readonly value: number;
}

/** A collector that keeps what it is sent, as JSON over HTTP, on this machine's loopback. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  readonly lines: ReceivedLine[] = [];
  readonly #points = new Map<string, ReceivedPoint[]>();
  /** All bytes that came in. */
  #bytes = '';

  private constructor(private readonly server: Server) {}

  static async open(): Promise<OtlpReceiver> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        receiver.#take(body);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    const receiver = new OtlpReceiver(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  /** For the environment of whoever exports: soon, and in JSON. */
  get environment(): Record<string, string> {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_BLRP_SCHEDULE_DELAY: '50',
      OTEL_METRIC_EXPORT_INTERVAL: '200',
      OTEL_METRIC_EXPORT_TIMEOUT: '200',
    };
  }

  get received(): string {
    return this.#bytes;
  }

  /** The newest points of a metric. */
  points(metric: string): readonly ReceivedPoint[] {
    return this.#points.get(metric) ?? [];
  }

  get metrics(): string[] {
    return [...this.#points.keys()].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  #take(body: string): void {
    this.#bytes += body;
    const { resourceSpans = [], resourceLogs = [], resourceMetrics = [] } = JSON.parse(body);
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = serviceOf(resource);
      for (const { spans } of scopeSpans) for (const span of spans) this.spans.push(toSpan(service, span));
    }
    for (const { resource, scopeLogs } of resourceLogs) {
      const service = serviceOf(resource);
      for (const { logRecords } of scopeLogs) for (const record of logRecords) this.lines.push(toLine(service, record));
    }
    for (const { resource, scopeMetrics } of resourceMetrics) {
      const service = serviceOf(resource);
      for (const { metrics } of scopeMetrics) for (const metric of metrics) this.#takeMetric(service, metric);
    }
  }

  #takeMetric(service: string, metric: Metric): void {
    const { dataPoints = [] } = metric.sum ?? metric.gauge ?? metric.histogram ?? {};
    const others = this.points(metric.name).filter((point) => point.service !== service);
    const points = dataPoints.map(({ attributes, asInt, asDouble, count }) => ({
      service,
      attributes: toAttributes(attributes),
      value: Number(asInt ?? asDouble ?? count),
    }));
    this.#points.set(metric.name, [...others, ...points]);
  }
}

interface Points {
  readonly dataPoints?: readonly {
    readonly attributes: KeyValues;
    readonly asInt?: number | string;
    readonly asDouble?: number;
    readonly count?: number | string;
  }[];
}
interface Metric {
  readonly name: string;
  readonly sum?: Points;
  readonly gauge?: Points;
  readonly histogram?: Points;
}
interface Span extends Omit<ReceivedSpan, 'service' | 'attributes' | 'status'> {
  readonly attributes: KeyValues;
  readonly status?: { readonly code?: number };
}
interface LogRecord extends Omit<ReceivedLine, 'service' | 'attributes' | 'body'> {
  readonly attributes: KeyValues;
  readonly body: AnyValue;
}

const toSpan = (service: string, span: Span): ReceivedSpan => ({
  service,
  name: span.name,
  kind: span.kind,
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId || undefined,
  attributes: toAttributes(span.attributes),
  status: span.status?.code,
});

const toLine = (service: string, { body, traceId, spanId, attributes }: LogRecord): ReceivedLine => ({
  service,
  body: body.stringValue ?? '',
  traceId,
  spanId,
  attributes: toAttributes(attributes),
});

const serviceOf = ({ attributes }: { attributes: KeyValues }): string =>
  String(toAttributes(attributes)['service.name']);

const toAttributes = (list: KeyValues = []): Attributes =>
  Object.fromEntries(
    list.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue]),
  );
