import { connect, constants } from 'node:http2';

// The health probe of the images: `node probe/main.js [SERVICE]` ends with status 0 when the public port answers SERVING for
// that health name, by default "". It uses Node's HTTP/2, since grpc-js takes three times as long to load.
// See https://github.com/grpc/grpc/blob/master/doc/health-checking.md

const SERVING = 1;
const TIMEOUT_MS = 2000;

const name = Buffer.from(process.argv[2] ?? '');
const port = process.env.PUBLIC_PORT || process.argv[3];
// HealthCheckRequest{service = 1} after gRPC's prefix: not compressed, and the length.
const request = name.length > 0 ? Buffer.concat([Buffer.of(0x0a, name.length), name]) : name;
const prefix = Buffer.alloc(5);
prefix.writeUInt32BE(request.length, 1);

// With TLS the certificate is not checked: it is this container's own, and nothing secret is sent.
const session = process.env.TLS_CERT_FILE
  ? connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  : connect(`http://127.0.0.1:${port}`);
const end = (status: 0 | 1, problem = '') => {
  if (problem) console.error(problem);
  session.destroy();
  process.exit(status);
};
setTimeout(() => end(1, `no answer within ${TIMEOUT_MS} ms`), TIMEOUT_MS);
session.on('error', (error) => end(1, error.message));

const stream = session.request({
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
  [constants.HTTP2_HEADER_TE]: 'trailers',
});
const chunks: Buffer[] = [];
let status = 'none';
stream.on('data', (chunk: Buffer) => chunks.push(chunk));
stream.on('response', (headers) => {
  status = String(headers['grpc-status'] ?? status);
});
stream.on('trailers', (trailers) => {
  status = String(trailers['grpc-status'] ?? status);
});
stream.on('error', (error) => end(1, error.message));
stream.on('end', () => {
  // HealthCheckResponse{status = 1}: tag 0x08, then the value.
  const [tag, health] = Buffer.concat(chunks).subarray(5);
  if (status === '0' && tag === 0x08 && health === SERVING) end(0);
  else end(1, `not serving (grpc-status ${status}, health ${health ?? 'unknown'})`);
});
stream.end(Buffer.concat([prefix, request]));
