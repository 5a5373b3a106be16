import { connect, constants, type IncomingHttpHeaders } from 'node:http2';

// The health probe of the images: `node probe/main.js [SERVICE]` ends with status 0 when the public port answers SERVING for
// that health name, by default "". It uses Node's HTTP/2, since grpc-js takes three times as long to load.
// See https://github.com/grpc/grpc/blob/master/doc/health-checking.md

const SERVING = 1;
const TIMEOUT_MS = 2000;

const name = Buffer.from(process.argv[2] ?? '');
// gRPC's prefix, not compressed and the length, then HealthCheckRequest{service = 1}.
const request = Buffer.of(0, 0, 0, 0, 2 + name.length, 0x0a, name.length, ...name);

function fail(problem: string): never {
  console.error(problem);
  process.exit(1);
}
setTimeout(() => fail(`no answer within ${TIMEOUT_MS} ms`), TIMEOUT_MS);

// With TLS the certificate is not checked: it is this container's own, and nothing secret is sent.
const scheme = process.env.TLS_CERT_FILE ? 'https' : 'http';
const session = connect(`${scheme}://127.0.0.1:${process.env.PUBLIC_PORT}`, { rejectUnauthorized: false });
session.on('error', ({ message }) => fail(message));
const stream = session.request({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
  [constants.HTTP2_HEADER_TE]: 'trailers',
});
let status = 'none';
const readStatus = (headers: IncomingHttpHeaders) => {
  status = String(headers['grpc-status'] ?? status);
};
stream.on('response', readStatus).on('trailers', readStatus).end(request);

// After the prefix HealthCheckResponse{status = 1}: tag 0x08, then the value.
const [tag, health] = Buffer.concat(await stream.toArray()).subarray(5);
if (status === '0' && tag === 0x08 && health === SERVING) process.exit(0);
fail(`not serving (grpc-status ${status}, health ${health ?? 'unknown'})`);
