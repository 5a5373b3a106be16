import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

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
      for (const { spans } of scopeSpans) {
        for (const { parentSpanId, status, ...span } of spans) {
          const [parent, code] = [parentSpanId || undefined, status?.code];
          this.spans.push({ ...span, ...from(resource, span), parentSpanId: parent, status: code });
        }
      }
    }
    for (const { resource, scopeLogs } of resourceLogs) {
      for (const { logRecords } of scopeLogs) {
        for (const { body, ...line } of logRecords) {
          this.lines.push({ ...line, ...from(resource, line), body: body.stringValue ?? '' });
        }
      }
    }
    for (const { resource, scopeMetrics } of resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const { name, sum, gauge, histogram } of metrics) {
          const { service } = from(resource);
          const points = this.points(name).filter((point) => point.service !== service);
          for (const point of (sum ?? gauge ?? histogram)?.dataPoints ?? []) {
            points.push({ ...from(resource, point), value: Number(point.asInt ?? point.asDouble ?? point.count) });
          }
          this.#points.set(name, points);
        }
      }
    }
  }
}

/** What has attributes in OTLP's JSON. Each value is beside its type, as in `{ "intValue": 5 }`. */
interface Item {
  readonly attributes?: readonly { readonly key: string; readonly value: Attributes }[];
}

/** The service that sent an item, and the item's attributes. */
const from = (resource: Item, item: Item = {}) => ({
  service: String(attributesOf(resource)['service.name']),
  attributes: attributesOf(item),
});

const attributesOf = ({ attributes = [] }: Item): Attributes =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
